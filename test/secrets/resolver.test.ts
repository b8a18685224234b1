import { describe, expect, test } from '@jest/globals';
import { readSecretReference, readSecretUrl, type SecretReference } from '../../src/core/secret-reference.ts';
import { secretResolver } from '../../src/secrets/resolver.ts';

const world = () => {
  let nowMs = 0;
  const asked: string[] = [];
  const values: Record<string, string | Error> = {
    '/a': 'first',
    gone: Object.assign(new Error('x'), { name: 'ParameterNotFound' }),
  };
  const resolve = secretResolver({
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined },
    env: { SECRET_X: 'from env', EMPTY: '' },
    ttlMs: 1_000,
    readAws: async ({ name }) => {
      asked.push(name);
      const value = values[name];
      if (value instanceof Error) throw value;
      return value;
    },
  });
  const advance = (ms: number): void => {
    nowMs += ms;
  };
  return { resolve, asked, values, advance };
};

const ssm = (name: string): SecretReference => ({ source: 'ssm', name });

test('reads a variable, a parameter, and remembers the parameter for a while only', async () => {
  const { resolve, asked, values, advance } = world();
  expect(await resolve({ source: 'env', name: 'SECRET_X' })).toBe('from env');
  expect([await resolve(ssm('/a')), await resolve(ssm('/a'))]).toEqual(['first', 'first']);
  values['/a'] = 'rotated';
  advance(999);
  expect(await resolve(ssm('/a'))).toBe('first');
  advance(2);
  expect(await resolve(ssm('/a'))).toBe('rotated');
  expect(asked).toEqual(['/a', '/a']);
});

test('says where a secret is missing, and why it could not be read, without what AWS said', async () => {
  const { resolve } = world();
  await expect(resolve({ source: 'env', name: 'EMPTY' })).rejects.toMatchObject({
    code: 'PIO_SECRET_UNAVAILABLE',
    message: 'secret env EMPTY is not set',
  });
  await expect(resolve(ssm('gone'))).rejects.toThrow('secret ssm gone could not be read: ParameterNotFound');
  await expect(resolve(ssm('gone'))).rejects.toThrow('ParameterNotFound');
});

test('remembers a thousand values and no more', async () => {
  const { resolve, asked, values } = world();
  for (let i = 0; i <= 1_000; i++) {
    values[`n${i}`] = 'v';
    await resolve(ssm(`n${i}`));
  }
  await resolve(ssm('n1000'));
  await resolve(ssm('n0'));
  expect(asked.length).toBe(1_002);
});

describe('references', () => {
  test.each<[unknown, SecretReference | undefined]>([
    [{ env: 'A' }, { source: 'env', name: 'A' }],
    [{ ssm: '/a/b' }, { source: 'ssm', name: '/a/b' }],
    [
      { secretsManager: 'a', key: 'k' },
      { source: 'secretsManager', name: 'a', key: 'k' },
    ],
    [{ ssm: '/a', key: 'k' }, undefined],
    [{ path: 'p', key: 'k' }, undefined],
    [{ env: 'A', more: 1 }, undefined],
    [{ env: '' }, undefined],
    [{ env: 7 }, undefined],
    ['text', undefined],
    [null, undefined],
  ])('%j', (value, reference) => {
    expect(readSecretReference(value)).toEqual(reference);
  });

  test.each<[string, SecretReference | undefined]>([
    ['ssm:/a', { source: 'ssm', name: '/a' }],
    ['secretsmanager:a/b#token', { source: 'secretsManager', name: 'a/b', key: 'token' }],
    [
      'secretsmanager:arn:aws:secretsmanager:eu:1:secret:a',
      { source: 'secretsManager', name: 'arn:aws:secretsmanager:eu:1:secret:a' },
    ],
    ['env:X', { source: 'env', name: 'X' }],
    ['eyJhbGciOi.x.y', undefined],
    ['ssm:', undefined],
  ])('%s', (text, reference) => {
    expect(readSecretUrl(text)).toEqual(reference);
  });
});
