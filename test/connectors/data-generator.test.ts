import { expect, test } from '@jest/globals';
import { dataGeneratorSource } from '../../src/connectors/data-generator/source.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { configOf, context, problemsOf } from './open.ts';

const open = (configs: Record<string, unknown>, parallelism = 1) =>
  dataGeneratorSource.open(
    configOf(dataGeneratorSource, { sleepBetweenMessages: 0, ...configs }),
    context({ parallelism }),
  );

sourceContract('data-generator', async () => {
  const texts = (await readAll(await open({ records: 40 }), '0')).map(textOf);
  return {
    type: dataGeneratorSource,
    open: () => open({ records: 40 }),
    partition: '0',
    texts,
    dispose: async () => {},
  };
});

test('has one partition per instance and shares the records among them', async () => {
  const source = await open({ records: 10, keyField: 'username' }, 4);
  const names = await source.partitions(new AbortController().signal);
  expect(names).toEqual(['0', '1', '2', '3']);
  const shares = await Promise.all(names.map((name) => readAll(source, name)));
  expect(shares.map(({ length }) => length)).toEqual([3, 3, 2, 2]);
  expect(new Set(shares.flat().map(({ key }) => key)).size).toBe(10);
});

test('gives pages of a thousand when it need not sleep', async () => {
  const pages: number[] = [];
  const source = await open({ records: 2_500 });
  for await (const page of source.read('0', { next: 100 }, new AbortController().signal)) pages.push(page.length);
  expect(pages).toEqual([1_000, 1_000, 400]);
});

test("gives the fields of Pulsar's Person", async () => {
  const [record] = await readAll(await open({ records: 1 }), '0');
  expect(Object.keys(record?.value as object)).toEqual([
    'address',
    'firstName',
    'middleName',
    'lastName',
    'email',
    'username',
    'password',
    'sex',
    'telephoneNumber',
    'dateOfBirth',
    'age',
    'company',
    'companyEmail',
    'nationalIdentityCardNumber',
    'nationalIdentificationNumber',
    'passportNumber',
  ]);
  expect(record?.key).toBeUndefined();
});

test('gives other persons for another seed, and begins where it is told', async () => {
  const [one, two] = await Promise.all([open({ records: 1 }), open({ records: 1, seed: 1 })]);
  expect((await readAll(one, '0')).map(textOf)).not.toEqual((await readAll(two, '0')).map(textOf));
  const later = await readAll(await open({ records: 2, startAt: 40 }), '0');
  expect(later.map(({ sequence }) => sequence)).toEqual([40, 41]);
});

test('is finite with records and endless without', () => {
  expect(dataGeneratorSource.pollIntervalMs(configOf(dataGeneratorSource, { records: 3 }))).toBeUndefined();
  expect(dataGeneratorSource.pollIntervalMs(configOf(dataGeneratorSource, {}))).toBe(50);
});

test('wakes from its sleep when the run ends', async () => {
  const ending = new AbortController();
  const source = await open({ sleepBetweenMessages: 60_000 });
  const reading = readAll(source, '0', undefined, ending.signal);
  setImmediate(() => ending.abort());
  await expect(reading).rejects.toEqual(expect.objectContaining({ code: 'PIO_ABORTED' }));
});

test("takes Pulsar's config and refuses what is not known", () => {
  expect(problemsOf(dataGeneratorSource, { sleepBetweenMessages: '100' })).toEqual([]);
  expect(problemsOf(dataGeneratorSource, { sleepBetweenMessages: -1, other: 1 })).toEqual([
    '/configs/other',
    '/configs/sleepBetweenMessages',
  ]);
});
