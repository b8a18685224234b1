import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PulsarIoError } from '../../src/core/errors.ts';
import { compileExpression } from '../../src/core/transform/expression.ts';
import { compileTransform, type TransformRecord } from '../../src/core/transform/transform.ts';

const record = (value: unknown, more: Partial<TransformRecord> = {}): TransformRecord => ({
  value,
  properties: {},
  topic: 'persistent://public/default/in',
  ...more,
});
const run = (steps: readonly object[], given: TransformRecord) => compileTransform(JSON.stringify({ steps }))(given);
const valueAfter = (steps: readonly object[], value: unknown) => run(steps, record(value))?.value;

describe('expressions', () => {
  const scope = {
    value: { a: 1, big: 9007199254740993n, text: 'Žluť', nested: { b: 'x' }, none: null, flag: true, 'odd name': 5 },
    key: { id: 'k' },
    messageKey: 'mk',
    properties: { p: 'q' },
    eventTime: 1_700_000_000_000,
    topicName: 't',
  };

  test.each([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['(1 + 2) * -3', -9],
    ['7 mod 4 + 9 div 2', 7.5],
    ['value.big + 1', 9007199254740994n],
    ['9007199254740991 + 2', 9007199254740993n],
    ['value.big - value.big', 0],
    ['value.big > 9007199254740992 and value.a le 1', true],
    ['value.a == "1"', true],
    ["value.text eq 'Žluť' && not (value.flag ne true)", true],
    ['value.none == null || value.missing.deeper == null', true],
    ['value.none > 1', false],
    ['value[\'odd name\'] + value["a"]', 6],
    ["value.nested.b == 'x' ? 'yes' : 'no'", 'yes'],
    ["'it\\'s' == \"it's\"", true],
    ["fn:concat(fn:uppercase(value.text), fn:coalesce(value.none, '!'))", 'ŽLUŤ!'],
    ["fn:contains(value.text, 'lu') && !fn:contains(value.none, 'x')", true],
    ["fn:replace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["fn:str(fn:timestampAdd('2024-02-29T00:00:00Z', 1, 'years'))", '2025-03-01T00:00:00.000Z'],
    ['messageKey', 'mk'],
    ['properties.p', 'q'],
    ['key.id', 'k'],
    ['eventTime - 1', 1_699_999_999_999],
    ['value.toString', null],
    ['value.text.length', null],
  ])('%s', (text, expected) => {
    expect(compileExpression(text)(scope)).toEqual(expected);
  });

  test.each([
    ['', 'its end is not expected here'],
    ['1 +', 'its end is not expected here'],
    ['(1', '")" is missing'],
    ['1 2', '"2" is not expected here'],
    ['record.a', 'record is not known; known are value'],
    ['fn:now()', 'there is no function fn:now'],
    ['fn:trim()', 'fn:trim takes 1 parameters, not 0'],
    ['value.a.toUpperCase()', '"(" is not expected here'],
    ["'open", 'it cannot be read from character 1 on'],
    ['('.repeat(60), 'nested too deeply'],
    ['1'.repeat(3_000), 'longer than'],
  ])('refuses %s', (text, problem) => {
    expect(() => compileExpression(text)).toThrow(problem);
  });

  test('never fails otherwise than with TypeError, whatever it is given', () => {
    const piece = fc.constantFrom(
      'value',
      '.a',
      '(',
      ')',
      '1',
      "'x'",
      '==',
      '&&',
      '!',
      '-',
      'fn:trim(',
      ',',
      '[',
      ']',
      '?',
      ':',
      ' ',
      'and',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.jsonValue(), (pieces, value) => {
        try {
          compileExpression(pieces.join(''))({ ...scope, value });
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});

describe('steps', () => {
  test('drop, rename, mask, cast and flatten fields', () => {
    const given = { id: '7', password: 'sekrit', deep: { a: 1, b: { c: [1] } }, none: null };
    expect(valueAfter([{ type: 'drop-fields', fields: 'password, none' }], given)).toEqual({
      id: '7',
      deep: given.deep,
    });
    expect(valueAfter([{ type: 'rename-fields', renames: 'id:ID,none:id' }], given)).toEqual({
      ID: '7',
      password: 'sekrit',
      deep: given.deep,
      id: null,
    });
    expect(valueAfter([{ type: 'mask-fields', fields: 'password,none,missing' }], given)).toEqual({
      ...given,
      password: '****',
    });
    expect(valueAfter([{ type: 'cast', spec: 'id:INT64,none:STRING' }], given)).toEqual({ ...given, id: 7 });
    expect(valueAfter([{ type: 'flatten' }], given)).toEqual({
      id: '7',
      password: 'sekrit',
      deep_a: 1,
      deep_b_c: [1],
      none: null,
    });
    expect(valueAfter([{ type: 'cast', 'schema-type': 'STRING' }], { n: 9007199254740993n })).toBe(
      '{"n":9007199254740993}',
    );
  });

  test('compute fields, key, time and properties, each seeing what was put before it', () => {
    const fields = [
      { name: 'value.full', expression: "fn:concat(value.first, fn:concat(' ', value.last))", type: 'STRING' },
      { name: 'value.size', expression: 'value.full', type: 'STRING', optional: true },
      { name: 'messageKey', expression: 'value.id' },
      { name: 'eventTime', expression: 'value.at' },
      { name: 'properties.source', expression: "'a'" },
      { name: 'properties.old', expression: 'null' },
    ];
    const given = record(
      { id: 9007199254740993n, first: 'A', last: 'B', at: '2024-01-01T00:00:00Z' },
      { properties: { old: 'x' } },
    );
    expect(run([{ type: 'compute', fields }], given)).toMatchObject({
      value: { full: 'A B', size: 'A B' },
      messageKey: '9007199254740993',
      eventTimeMs: 1_704_067_200_000,
      properties: { source: 'a' },
    });
  });

  test.each([
    ['INT32', '12', 12],
    ['INT64', '9007199254740993', 9007199254740993n],
    ['DOUBLE', '1.5', 1.5],
    ['BOOLEAN', 'TRUE', true],
    ['DATE', 1_709_164_800_000, '2024-02-29'],
    ['TIME', '2024-02-29T12:34:56.789Z', '12:34:56.789'],
    ['DATETIME', '2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['TIMESTAMP', '2024-02-29T00:00:00+01:00', 1_709_161_200_000],
    ['STRING', { a: 1 }, '{"a":1}'],
  ])('cast to %s', (type, given, expected) => {
    expect(valueAfter([{ type: 'cast', spec: `v:${type}` }], { v: given })).toEqual({ v: expected });
  });

  test.each([
    ['INT32', '2147483648'],
    ['INT64', 'sekrit'],
    ['BOOLEAN', 'sekrit'],
    ['DOUBLE', ''],
    ['DATE', 'sekrit'],
  ])('refuse to cast to %s what is none, and quote nothing', (type, given) => {
    const attempt = () => valueAfter([{ type: 'cast', spec: `v:${type}` }], { v: given });
    expect(attempt).toThrow(TypeError);
    expect(attempt).not.toThrow('sekrit');
  });

  test('apply under a condition only, and drop what it says', () => {
    const steps = [
      { type: 'drop', when: 'value.age < 18' },
      { type: 'drop-fields', fields: 'age', when: "value.country == 'DE'" },
    ];
    expect(run(steps, record({ age: 17 }))).toBeUndefined();
    expect(valueAfter(steps, { age: 18, country: 'DE' })).toEqual({ country: 'DE' });
    expect(valueAfter(steps, { age: 18, country: 'CZ' })).toEqual({ age: 18, country: 'CZ' });
  });

  test('treat key and value of a KeyValue as the documented example does', () => {
    const given = record(
      { valueField1: 'v1', valueField2: 'v2' },
      { key: { keyField1: 'k1', keyField2: 'k2', keyField3: 'k3' } },
    );
    const steps = [
      { type: 'drop-fields', fields: 'keyField1,keyField2', part: 'key' },
      { type: 'merge-key-value' },
      { type: 'unwrap-key-value' },
      { type: 'cast', 'schema-type': 'STRING' },
    ];
    expect(run(steps.slice(0, 2), given)?.key).toEqual({ keyField3: 'k3' });
    expect(run(steps, given)?.value).toBe('{"keyField3":"k3","valueField1":"v1","valueField2":"v2"}');
    expect(run([{ type: 'unwrap-key-value', unwrapKey: true }], given)?.value).toEqual(given.key);
  });

  test('leave a tombstone a tombstone, and do not change what they are given', () => {
    const steps = [{ type: 'flatten' }, { type: 'compute', fields: [{ name: 'value.a', expression: '1' }] }];
    expect(valueAfter(steps, null)).toBeNull();
    const given = Object.freeze({ a: Object.freeze({ b: 1 }) });
    expect(valueAfter(steps, given)).toEqual({ a_b: 1, a: 1 });
  });
});

test.each([
  ['sekrit', 'it is not JSON'],
  ['[]', 'it must be {"steps": [...]}'],
  ['{"steps":[],"step":1}', 'step is not known'],
  ['{"steps":[{"type":"nosuch"}]}', 'step 1 (nosuch): its type must be one of drop-fields'],
  ['{"steps":[{"type":"flatten"},{"type":"drop-fields"}]}', 'step 2 (drop-fields): fields must be a text'],
  ['{"steps":[{"type":"drop-fields","fields":" , "}]}', 'must name fields'],
  ['{"steps":[{"type":"drop-fields","fields":"a","part":"both"}]}', 'part must be key or value'],
  ['{"steps":[{"type":"drop","when":"value.a =="}]}', 'step 1 (drop): when: its end is not expected here'],
  ['{"steps":[{"type":"drop","whne":"true"}]}', 'whne is not known; known are when'],
  ['{"steps":[{"type":"cast","spec":"a:INT"}]}', 'INT in spec is none of STRING'],
  ['{"steps":[{"type":"cast"}]}', 'schema-type must be STRING'],
  ['{"steps":[{"type":"rename-fields","renames":"a"}]}', 'must be pairs old:new'],
  ['{"steps":[{"type":"compute","fields":[{"name":"a","expression":"1"}]}]}', 'name "a" must be value'],
  [
    '{"steps":[{"type":"compute","fields":[{"name":"value.a","expression":"b"}]}]}',
    'the expression of value.a: b is not known',
  ],
])('refuses %s as configuration', (text, problem) => {
  expect(() => compileTransform(text)).toThrow(PulsarIoError);
  expect(() => compileTransform(text)).toThrow(problem);
  expect(() => compileTransform(text)).not.toThrow('sekrit');
});
