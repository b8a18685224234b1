import { expect, test } from '@jest/globals';
import { needsIn } from './needs.ts';

test('finds the services of each describeReal in a text, also over several lines', () => {
  const text = `
    describeReal('one', ['pulsar'], () => {});
    describeReal(
      "it's two",
      ['cassandra', "dynamodb"],
      () => {},
    );
    describeReal('none', [], () => {});`;
  expect(needsIn(text, 'a.test.ts')).toEqual(['pulsar', 'cassandra', 'dynamodb']);
});

test('finds nothing in a text that only imports describeReal', () => {
  expect(needsIn(`import { describeReal } from '../services/index.ts'; use(['pulsar']);`, 'a.test.ts')).toEqual([]);
});

test('refuses a service that is not registered, naming file and service', () => {
  expect(() => needsIn(`describeReal('x', ['oracle'], f)`, 'a.test.ts')).toThrow(/a\.test\.ts needs "oracle"/);
});
