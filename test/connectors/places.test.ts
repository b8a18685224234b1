import { expect, test } from '@jest/globals';
import { Places } from '../../src/connectors/places.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { code } from '../kit/failures.ts';

const running = () => new AbortController().signal;
const to = (...names: string[]) => names.map((destination) => ({ destination }));

const making = () => {
  const opened: string[] = [];
  const open = async (name: string) => {
    opened.push(name);
    if (name === 'gone') throw new PulsarIoError('PIO_SINK_MISCONFIGURED', 'there is no table gone');
    if (name === 'away') throw new PulsarIoError('PIO_SINK_UNAVAILABLE', 'nobody answers');
    return { name };
  };
  const home = { name: 'home' };
  return { opened, home, places: new Places('home', home, { word: 'table', mayBe: (name) => name !== 'no', open }) };
};

test('looks a place up once, and the configured one never, under its name or without', async () => {
  const { opened, home, places } = making();
  for (let round = 0; round < 2; round++) {
    const placeOf = await places.lookUp([...to('a', 'b', 'a', 'home'), {}], running());
    expect([placeOf({ destination: 'a' }).name, placeOf({ destination: 'b' }).name]).toEqual(['a', 'b']);
    expect([placeOf({}), placeOf({ destination: 'home' })]).toEqual([home, home]);
  }
  expect(opened).toEqual(['a', 'b']);
});

test('rejects the record of a place that cannot be or is not there, without its name, and throws where nobody can be asked', async () => {
  const { opened, places } = making();
  const placeOf = await places.lookUp(to('no', 'gone', 'a'), running());
  for (const destination of ['no', 'gone']) {
    const look = () => placeOf({ destination });
    expect(look).toThrow(code('PIO_SINK_REJECTED', 'table'));
    expect(look).not.toThrow(/gone/);
  }
  expect(placeOf({ destination: 'a' }).name).toBe('a');
  expect(opened).toEqual(['gone', 'a']);
  await expect(places.lookUp(to('away'), running())).rejects.toEqual(code('PIO_SINK_UNAVAILABLE'));
});

test('keeps 256 at most, and gives a batch all that it names', async () => {
  const { opened, places } = making();
  const names = Array.from({ length: 300 }, (_, n) => `t${n}`);
  const placeOf = await places.lookUp(to(...names), running());
  expect(names.map((destination) => placeOf({ destination }).name)).toEqual(names);
  await places.lookUp(to('t299', 't44'), running());
  expect(opened).toHaveLength(300);
  await places.lookUp(to('t0'), running());
  expect(opened).toHaveLength(301);
});

test('an error that may be of such a place ends no instance, and lets each be looked up again', async () => {
  const { opened, places } = making();
  const wrong = new PulsarIoError('PIO_SINK_MISCONFIGURED', 'no such table');
  const rejected = new PulsarIoError('PIO_SINK_REJECTED', 'x');
  expect(places.doubted(wrong)).toBe(wrong);
  await places.lookUp(to('a'), running());
  expect(places.doubted(rejected)).toBe(rejected);
  expect(places.doubted(wrong)).toEqual(code('PIO_SINK_UNAVAILABLE', 'no such table'));
  await places.lookUp(to('a'), running());
  expect(opened).toEqual(['a', 'a']);
});
