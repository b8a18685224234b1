import { readFileSync } from 'node:fs';
import { expect, jest, test } from '@jest/globals';
import { DIFFERENCES, type Difference } from '../control-plane/differences.ts';
import { applyToBroker, type Item, load, OURS } from '../control-plane/replay.ts';
import { describeReal, type RunResult, startPulsarAdminShell } from '../services/index.ts';
import { useServedControlPlane } from './served-control-plane.ts';

// Each call takes 0.2 s of processor time, on a busy machine a second.
jest.setTimeout(300_000);

/** What pulsar-admin 4.0.8 printed on a real worker. */
interface Call {
  readonly label: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const CALLS = new Map(
  (JSON.parse(readFileSync(new URL('../fixtures/cli/recordings.json', import.meta.url), 'utf8')) as Call[]).map(
    (call) => [call.label.split(' ', 2).join('#'), call] as const,
  ),
);

/** Differences that only the tool sees: there it asked for the types and went no further. */
const OF_THE_TOOL: readonly Difference[] = [
  {
    steps: 'sources#214',
    ours: [400],
    reason: /Source class \S+ not found in class loader/,
    why: 'http is a source type here, and that worker had none: the change of type is refused by us, not by the tool',
  },
];

/** The row of `step`, and whether our answer to it is a success. */
const differenceOf = (step: string): { row: Difference; isFine: boolean } | undefined => {
  const [file, n] = step.split('#');
  for (const row of [...OF_THE_TOOL, ...DIFFERENCES]) {
    const [rowFile, range = ''] = row.steps.split('#');
    const [first = 0, last = first] = range.split('-').map(Number);
    if (rowFile !== file || Number(n) < first || Number(n) > last) continue;
    return { row, isFine: (row.ours[Number(n) - first] ?? 0) < 400 };
  }
  return undefined;
};

/** Counters, times and worker ids made equal. */
const normal = (text: string): string =>
  text
    .replace(/"(num(?:ReceivedFromSource|Written|ReadFromPulsar|WrittenToSink)|lastReceivedTime)" : \d+/g, '"$1" : 0')
    .replace(/"workerId" : "[^"]*"/g, '"workerId" : ""')
    .trim();

/** The end of a refusal of an unknown type: there are more types here. */
const MORE_TYPES = /(?<=Available \w+ are: )\[.*\]$/;

/** The text of each type in a printed list of them, by its name. */
const typesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/^-+$/m)
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each) => [each.split('\n', 1)[0], each]),
  );

/** Ours has other types, too, and sides of a connector are types of their own; what both have must read the same. */
const expectSameTypes = (ours: string, theirs: string): void => {
  const wanted = Object.entries(typesOf(theirs)).filter(([name]) => name in typesOf(ours));
  expect(wanted.length).toBeGreaterThan(0);
  expect(typesOf(ours)).toMatchObject(Object.fromEntries(wanted));
};

const expectSame = (call: Call, { code, stdout, stderr }: RunResult): void => {
  expect(code).toBe(call.exit);
  expect(stderr).toContain(call.stderr.trim().replace(MORE_TYPES, ''));
  if (/available-/.test(String(call.argv[1]))) expectSameTypes(stdout, call.stdout);
  else expect(normal(stdout)).toBe(normal(call.stdout));
};

const expectDifference = (call: Call, result: RunResult, { row, isFine }: { row: Difference; isFine: boolean }) => {
  expect(result.code).toBe(isFine ? 0 : 1);
  if (!isFine) expect(result.stderr).toMatch(row.reason as RegExp);
  if (!row.fields || call.exit !== 0) return;
  const left = [result.stdout, call.stdout].map((text) =>
    Object.entries(JSON.parse(normal(text))).filter(([field]) => !row.fields?.includes(field)),
  );
  expect(left[0]).toEqual(left[1]);
};

describeReal("Pulsar's own pulsar-admin prints what it printed on a real worker", ['pulsarAdmin'], () => {
  const served = useServedControlPlane(startPulsarAdminShell);

  const send = async ({ exchanges }: Item): Promise<void> => {
    for (const { request } of exchanges) {
      if (OURS.test(request.path)) await served.controlPlane.send(request);
      else applyToBroker(served.controlPlane, request);
    }
  };

  /** What is wrong with our answer, or nothing. */
  const failuresOf = async (step: string, call: Call): Promise<string[]> => {
    const result = await served.client.run(call.argv);
    const difference = differenceOf(step);
    try {
      if (difference) expectDifference(call, result, difference);
      else expectSame(call, result);
      return [];
    } catch (error) {
      return [`${step} ${call.argv.join(' ')}: ${(error as Error).message}`];
    }
  };

  test.each(['sources', 'sinks'] as const)('every recorded call of %s, text and exit code', async (file) => {
    const failures: string[] = [];
    let calls = 0;
    for (const item of load(file)) {
      const step = `${file}#${item.n}`;
      const call = CALLS.get(step);
      if (!call) await send(item);
      else {
        failures.push(...(await failuresOf(step, call)));
        calls++;
      }
    }
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(60);
  });
});
