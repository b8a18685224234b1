import { expect, test } from '@jest/globals';
import { parseTopicName } from '../../../src/pulsar/protocol/index.ts';

test('short names are completed', () => {
  expect(parseTopicName('t-partition-3')).toMatchObject({
    fullName: 'persistent://public/default/t-partition-3',
    partition: 3,
  });
});

test.each(['a/t', 'a/b/c/t', 'persistent://a/t', 'ftp://a/b/t', '', 'persistent://a/b/ ', 'persistent://a b/c/t'])(
  '%j is refused',
  (name) => {
    expect(() => parseTopicName(name)).toThrow(expect.objectContaining({ code: 'InvalidTopicName' }));
  },
);
