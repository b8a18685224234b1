import { expect, test } from '@jest/globals';
import { readAccessSettings } from '../../src/control-plane/access/settings.ts';
import { KINDS } from '../../src/control-plane/kind-words.ts';
import { describeRoute } from '../../src/control-plane/openapi/descriptions.ts';
import { routesOf } from '../../src/control-plane/routes.ts';
import { startControlPlane } from './harness.ts';

type Document = {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string }>>;
  components: {
    schemas: Record<
      string,
      {
        properties: object;
        anyOf: { title: string; properties: { configs: { properties: Record<string, object> } } }[];
      }
    >;
  };
};

const fetchDocument = async (): Promise<Document> => {
  const access = await readAccessSettings({ TOKEN_SECRET_KEY: 'a'.repeat(44) }, async () => '');
  const api = await startControlPlane(access ? { access } : {});
  const { status, json } = await api.send({ method: 'GET', path: '/openapi.json' });
  await api.close();
  expect(status).toBe(200);
  return json as Document;
};

test('serves to everybody a document that has every route, each described and named once', async () => {
  const { openapi, paths } = await fetchDocument();
  expect(openapi).toBe('3.1.0');
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBe(KINDS.reduce((sum, words) => sum + routesOf(words).length, 0));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const words of KINDS) {
    for (const route of routesOf(words)) {
      expect([route.method, route.pattern, describeRoute(words, route)?.summary]).toEqual([
        route.method,
        route.pattern,
        expect.stringMatching(/./),
      ]);
      expect(Object.keys(paths)).toContain(`/admin/v3/${words.kind}s/${route.pattern}`);
    }
  }
});

test('has the keys of every connector type, and marks the sensitive ones', async () => {
  const { components } = await fetchDocument();
  const sink = components.schemas.sinkConfig;
  expect(Object.keys(sink?.properties ?? {})).toEqual(
    expect.arrayContaining(['inputs', 'processingGuarantees', 'deadLetterTopic']),
  );
  const cassandra = sink?.anyOf.find(({ title }) => title === 'cassandra')?.properties.configs.properties ?? {};
  expect(cassandra.keyspace).toMatchObject({ type: 'string' });
  expect(cassandra.password).toMatchObject({ type: 'string', writeOnly: true });
  expect(JSON.stringify(components)).not.toContain('"pulsar":');
});
