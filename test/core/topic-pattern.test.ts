import { expect, test } from '@jest/globals';
import { readTopicPattern } from '../../src/core/topic-pattern.ts';

test('a pattern matches whole names of its namespace, and each partition of a partitioned topic', () => {
  const pattern = readTopicPattern('persistent://public/default/orders-.*');
  expect(pattern?.namespace).toBe('public/default');
  const topics = ['orders-eu', 'orders-eu-partition-0', 'my-orders-eu', 'orders'].map(
    (name) => `persistent://public/default/${name}`,
  );
  expect(topics.filter((topic) => pattern?.matches(topic))).toEqual(topics.slice(0, 2));
});

test('what is no topic name or no regular expression is no pattern', () => {
  expect(readTopicPattern('persistent://public/default/orders-(')).toBeUndefined();
  expect(readTopicPattern('a/b')).toBeUndefined();
});
