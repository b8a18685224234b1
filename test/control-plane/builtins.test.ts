import { describe, expect, test } from '@jest/globals';
import { Type } from '@sinclair/typebox';
import { fieldDefinitions } from '../../src/control-plane/config/field-definitions.ts';
import { startControlPlane } from './harness.ts';

describe('builtin connectors', () => {
  test('lists the types of one kind by name, with the classes of both sides', async () => {
    const api = await startControlPlane();
    const { json } = await api.get('sinks/builtinsinks');
    expect(json.map(({ name }: { name: string }) => name)).toEqual(api.deps.catalogue.sinks.map(({ name }) => name));
    expect(json).toContainEqual({
      name: 'cassandra',
      description: 'Writes data into Cassandra',
      sinkClass: 'org.apache.pulsar.io.cassandra.CassandraStringSink',
      sinkConfigClass: 'org.apache.pulsar.io.cassandra.CassandraSinkConfig',
    });
    expect((await api.get('source/builtinsources')).json).toContainEqual(
      expect.objectContaining({
        name: 'data-generator',
        sourceClass: 'org.apache.pulsar.io.datagenerator.DataGeneratorSource',
      }),
    );
    api.close();
  });

  test('reloads nothing and says so with 204', async () => {
    const api = await startControlPlane();
    expect((await api.post('sinks/reloadBuiltInSinks')).status).toBe(204);
    expect((await api.post('sources/reloadBuiltInSources')).status).toBe(204);
    api.close();
  });

  test('answers 404 for the config of a type that this kind does not have', async () => {
    const api = await startControlPlane();
    for (const type of ['nosuch', 'data-generator']) {
      const answer = await api.get(`sinks/builtinsinks/${type}/configdefinition`);
      expect(answer).toMatchObject({ status: 404, reason: 'builtin sink does not exist' });
    }
    api.close();
  });

  test('derives Java types, defaults and notes from the schema', () => {
    const schema = Type.Object({
      hosts: Type.Array(Type.String(), { description: 'Hosts' }),
      port: Type.Integer({ default: 9042 }),
      ratio: Type.Optional(Type.Number()),
      tls: Type.Boolean({ default: false }),
      password: Type.Optional(Type.String({ secret: true })),
      headers: Type.Optional(Type.Record(Type.String(), Type.Integer())),
      mode: Type.String({
        default: 'INSERT',
        pulsar: { type: 'x.Mode', default: 'UPSERT', required: true, help: 'Mode' },
      }),
    });
    const rows = fieldDefinitions(schema).map(
      ({ fieldName, typeName, attributes: { help, defaultValue, sensitive, required } }) =>
        [fieldName, typeName, help, defaultValue, sensitive, required].join('|'),
    );
    expect(rows).toEqual([
      'hosts|java.util.List<java.lang.String>|Hosts||false|true',
      'port|long||9042|false|false',
      'ratio|double|||false|false',
      'tls|boolean||false|false|false',
      'password|java.lang.String|||true|false',
      'headers|java.util.Map<java.lang.String, java.lang.Long>|||false|false',
      'mode|x.Mode|Mode|UPSERT|false|true',
    ]);
  });
});
