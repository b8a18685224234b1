import { describe, expect, test } from '@jest/globals';
import { hostsIn } from '../../src/connectors/mongo/config.ts';
import { documentError, mongoError } from '../../src/connectors/mongo/errors.ts';
import { mongoSink } from '../../src/connectors/mongo/sink.ts';
import { configOf, context, problemsOf } from './open.ts';

describe('the config of the mongo sink', () => {
  const pulsars = {
    ...{ mongoUri: 'mongodb://localhost:27017,other', database: 'd', collection: 'c' },
    ...{ batchSize: '50', batchTimeMs: '500' },
  };

  test("takes Pulsar's config", () => {
    expect(problemsOf(mongoSink, pulsars)).toEqual([]);
    expect(configOf(mongoSink, pulsars)).toMatchObject({ batchSize: 50, keyAsId: false });
    const declared = Object.entries(mongoSink.config.properties).filter(([, it]) => it.pulsar !== undefined);
    expect(declared.map(([key]) => key)).toEqual(Object.keys(pulsars));
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(mongoSink, {})).toEqual(['/configs/mongoUri', '/configs/database', '/configs/collection']);
    const of = (more: Record<string, unknown>) => problemsOf(mongoSink, { ...pulsars, ...more });
    expect(of({ mongoUri: 'http://localhost' })).toEqual(['/configs/mongoUri']);
    expect(of({ database: 'a.b' })).toEqual(['/configs/database']);
    expect(of({ batchSize: 0 })).toEqual(['/configs/batchSize']);
    expect(of({ versionField: 'a.b' })).toEqual(['/configs/versionField']);
    expect(of({ versionField: 'x', deletedField: 'x' })).toEqual(['/configs/deletedField']);
    expect(of({ versionField: '_id' })).toEqual(['/configs/deletedField']);
  });
});

test('hosts are named without credentials', () => {
  expect(hostsIn('mongodb+srv://user:p%40ss@a.example/db?x=y@z')).toBe('a.example');
  expect(hostsIn('mongodb://a:1,b:2')).toBe('a:1,b:2');
  expect(hostsIn('mongodb://user:p/s?s@a:1/db')).toBe('a:1');
});

test.each([
  'mongodb://user:sekrit@:99999',
  'mongodb://user:sekrit/x@127.0.0.1:1',
  'mongodb://user:sekrit%x@127.0.0.1:1',
  'mongodb://user:sekrit@127.0.0.1:1/?tls',
])('a connection string that is none is told without its password: %s', async (mongoUri) => {
  const settings = { mongoUri, database: 'd', collection: 'c' };
  const error = await mongoSink.open(configOf(mongoSink, settings), context()).catch((it: Error) => it);
  expect(error).toMatchObject({ code: 'PIO_SINK_MISCONFIGURED', message: expect.stringContaining('mongoUri') });
  expect((error as Error).message).not.toContain('sekrit');
  expect((error as Error).cause).toBeUndefined();
});

test('errors of MongoDB have the code that theirs means', () => {
  const server = (code: number) => Object.assign(new Error('text'), { name: 'MongoServerError', code });
  for (const code of [13, 18, 73, 8000]) expect(mongoError(server(code), 'doing').code).toBe('PIO_SINK_MISCONFIGURED');
  for (const code of [91, 189, 10107, 16500])
    expect(mongoError(server(code), 'doing').code).toBe('PIO_SINK_UNAVAILABLE');
  for (const code of [2, 53, 121, 11000]) expect(documentError(code, 'doing').code).toBe('PIO_SINK_REJECTED');
  expect(documentError(10334, 'doing').code).toBe('PIO_RECORD_TOO_LARGE');
  for (const code of [10107, 262]) expect(documentError(code, 'doing').code).toBe('PIO_SINK_UNAVAILABLE');
  expect(documentError(13, 'doing').code).toBe('PIO_SINK_MISCONFIGURED');
  const tls = Object.assign(new Error('x'), {
    cause: Object.assign(new Error(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
  });
  expect(mongoError(tls, 'doing').code).toBe('PIO_SINK_MISCONFIGURED');
});
