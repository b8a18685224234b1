import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ROOT } from './serverless.ts';

interface Role {
  readonly Properties: {
    readonly Policies: readonly {
      readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | readonly string[] }[] };
    }[];
  };
}

interface Service {
  readonly functions: Readonly<Record<string, { readonly role: string }>>;
  readonly resources: readonly (string | { readonly Resources: Readonly<Record<string, Role>> })[];
}

const { functions, resources }: Service = parse(readFileSync(join(ROOT, 'serverless.yml'), 'utf8'), { merge: true });
const roles: Readonly<Record<string, Role>> = Object.assign(
  {},
  ...resources.map((part) => (typeof part === 'string' ? {} : part.Resources)),
);

const allowedTo = (name: string): readonly string[] =>
  (roles[name]?.Properties.Policies ?? []).flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.flatMap(({ Action }) => Action),
  );

const mayAll = (...actions: readonly string[]): readonly string[] =>
  Object.entries(functions)
    .filter(([, { role }]) => actions.every((action) => allowedTo(role).includes(action)))
    .map(([name]) => name);

test('a function that reads secrets of connectors reads them where users may keep them; the others read none', () => {
  const readers = ['admin', 'http-source', 'queue-source', 'object-source', 'dispatcher', 'source', 'sink'];
  expect(mayAll('ssm:GetParameter', 'secretsmanager:GetSecretValue')).toEqual(readers);
  expect(mayAll('ssm:GetParameter')).toEqual(readers);
  expect(mayAll('secretsmanager:GetSecretValue')).toEqual(readers);
});

test('only what runs connectors, or looks after them, starts runs', () => {
  expect(mayAll('lambda:InvokeFunction')).toEqual([
    ...['admin', 'queue-source', 'stream-source', 'object-source', 'dispatcher', 'source', 'sink'],
  ]);
});
