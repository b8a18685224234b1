import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import { GUARANTEES } from '../../src/core/guarantee.ts';
import { resolveConfig } from '../../src/core/type-config.ts';

const all = [...catalogue.sinks, ...catalogue.sources];

describe('the catalogue', () => {
  test('finds each type by its name and kind, and lists them by name', () => {
    for (const type of catalogue.sinks) expect(catalogue.sink(type.name)).toBe(type);
    for (const type of catalogue.sources) expect(catalogue.source(type.name)).toBe(type);
    expect(catalogue.sink('no')).toBeUndefined();
    for (const names of [catalogue.sinks, catalogue.sources].map((types) => types.map(({ name }) => name)))
      expect(names).toEqual([...new Set(names)].sort());
  });

  test.each(all.map((type) => [`${type.kind} ${type.name}`, type] as const))(
    '%s declares itself completely',
    (_, type) => {
      expect(type.summary).not.toBe('');
      expect(type.className).not.toBe('');
      expect(type.guarantees.length).toBeGreaterThan(0);
      for (const guarantee of type.guarantees) expect(GUARANTEES).toContain(guarantee);
      expect(type.kind === 'sink' && type.guarantees.includes('EFFECTIVELY_ONCE') && !type.route).toBe(false);
      expect(type.config.additionalProperties).toBe(false);
      for (const schema of Object.values(type.config.properties)) expect(schema.description).toMatch(/\.$/);
      expect(resolveConfig(type.config, { surely_unknown: 1 }).problems.map(({ path }) => path)).toContain(
        '/configs/surely_unknown',
      );
    },
  );

  test('puts the keys of Pulsar before ours, and gives the required ones no default of ours', () => {
    for (const { config } of all) {
      const isPulsars = Object.values(config.properties).map((schema) => 'pulsar' in schema);
      expect(isPulsars).toEqual(isPulsars.toSorted((a, b) => Number(b) - Number(a)));
    }
  });

  test('loads no driver until a connector is opened', async () => {
    const script = `
      import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve: (name, context, next) => { seen.push(name); return next(name, context); } });
      await import(${JSON.stringify(new URL('../../src/connectors/catalogue.ts', import.meta.url).href)});
      console.log(JSON.stringify(seen.filter((name) => ['cassandra-driver', 'node:sqlite', 'pg', 'ioredis', 'amqplib', '@platformatic/kafka', '@aws-sdk/client-dynamodb'].includes(name))));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
