import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as Ours from '../../src/pulsar/index.ts';

// The declarations are held against theirs in kit/native-types.ts, by the compiler.

const members: Record<string, string[]> = {
  Client: ['createProducer', 'subscribe', 'createReader', 'getPartitionsForTopic', 'close'],
  Message: [
    ...['getTopicName', 'getProperties', 'getData', 'getMessageId', 'getPublishTimestamp', 'getEventTimestamp'],
    ...['getRedeliveryCount', 'getPartitionKey', 'getOrderingKey', 'getProducerName', 'isReplicated'],
    ...['getReplicatedFrom', 'getEncryptionContext'],
  ],
  MessageId: ['serialize', 'toString'],
  CryptoKeyReader: ['getPublicKey', 'getPrivateKey'],
};

test.each(Object.entries(members))('%s has the methods of npm pulsar-client at run time', (name, methods) => {
  const { prototype } = (Ours as unknown as Record<string, { prototype: Record<string, unknown> }>)[name] as {
    prototype: Record<string, unknown>;
  };
  for (const method of methods) expect([method, typeof prototype[method]]).toEqual([method, 'function']);
});

test('static methods, authentication classes and log levels are there at run time', () => {
  const { MessageId, Client, LogLevel } = Ours;
  const statics = [MessageId.earliest, MessageId.latest, MessageId.deserialize, Client.setLogHandler];
  const classes = [
    Ours.AuthenticationTls,
    Ours.AuthenticationToken,
    Ours.AuthenticationOauth2,
    Ours.AuthenticationBasic,
    Ours.AuthenticationAthenz,
  ];
  for (const one of [...statics, ...classes]) expect(typeof one).toBe('function');
  expect([LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARN, LogLevel.ERROR]).toEqual([0, 1, 2, 3]);
});

test('every name that npm pulsar-client declares is held by the compiler', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
  const declared = read('../fixtures/pulsar-client-1.18/index.d.ts').matchAll(/^export \w+ (\w+)/gm);
  const names = [...declared].map(([, name]) => name as string);
  const held = read('kit/native-types.ts');
  expect(names.length).toBeGreaterThan(45);
  expect(names.filter((name) => !new RegExp(`\\bOurs\\.${name}\\b`).test(held))).toEqual([]);
});

test('ProtobufNativeSchema has the functions of npm pulsar-client at run time', () => {
  const { createRootFromJson, createSchemaInfoFromRoot } = Ours.ProtobufNativeSchema;
  for (const one of [createRootFromJson, createSchemaInfoFromRoot]) expect(typeof one).toBe('function');
});
