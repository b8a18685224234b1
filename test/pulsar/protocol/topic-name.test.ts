import { expect, test } from '@jest/globals';
import { parseTopicName, partitionTopicName } from '../../../src/pulsar/protocol/index.ts';

test('short names are completed', () => {
  expect(parseTopicName('t').fullName).toBe('persistent://public/default/t');
  expect(parseTopicName('a/b/t').fullName).toBe('persistent://a/b/t');
  expect(parseTopicName('non-persistent://a/b/t')).toMatchObject({ domain: 'non-persistent', partition: -1 });
});

test('the partition is the number behind the last -partition-', () => {
  expect(parseTopicName('t-partition-3').partition).toBe(3);
  expect(parseTopicName('t-partition-1-partition-12').partition).toBe(12);
  expect(parseTopicName('t-partition-03').partition).toBe(-1);
  expect(partitionTopicName('persistent://public/default/t', 2)).toBe('persistent://public/default/t-partition-2');
});

test.each(['a/t', 'a/b/c/t', 'persistent://a/t', 'ftp://a/b/t', '', 'persistent://a/b/ ', 'persistent://a b/c/t'])(
  '%j is refused',
  (name) => {
    expect(() => parseTopicName(name)).toThrow(expect.objectContaining({ code: 'InvalidTopicName' }));
  },
);
