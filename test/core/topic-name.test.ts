import { expect, test } from '@jest/globals';
import { isTopicName, partitionTopicName, readTopicName, topicNameOrProblem } from '../../src/core/topic-name.ts';

test.each([
  ['t', 'persistent://public/default/t'],
  ['a/b/t', 'persistent://a/b/t'],
  ['persistent://a/b/t', 'persistent://a/b/t'],
  ['non-persistent://a/b/t', 'non-persistent://a/b/t'],
])('%j is read as %j', (name, fullName) => {
  expect(readTopicName(name)).toMatchObject({ fullName, localName: 't', partition: -1 });
});

test('the partition is the number behind the last -partition-', () => {
  expect(readTopicName('t-partition-3')?.partition).toBe(3);
  expect(readTopicName('t-partition-1-partition-12')?.partition).toBe(12);
  expect(readTopicName('t-partition-03')?.partition).toBe(-1);
  expect(partitionTopicName('persistent://public/default/t', 2)).toBe('persistent://public/default/t-partition-2');
});

test.each([
  ['a/t', /must be local/],
  ['a/b/c/t', /must be local/],
  ['persistent://t', /must be local/],
  ['ftp://a/b/t', /domain ftp/],
  ['', /blank/],
  ['persistent://a/b/ ', /blank/],
  ['a b/c/t', /tenant or namespace/],
])('%j is none, and it is said why', (name, problem) => {
  expect(topicNameOrProblem(name)).toMatch(problem);
  expect(readTopicName(name)).toBeUndefined();
});

test.each(['t'.repeat(1025), 't\n', 't\u0000'])('a name that only Pulsar takes is none for a connector', (name) => {
  expect(topicNameOrProblem(name)).toMatchObject({ tenant: 'public' });
  expect(isTopicName(name)).toBe(false);
});
