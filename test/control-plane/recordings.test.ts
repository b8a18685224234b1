import { beforeAll, describe, expect, test } from '@jest/globals';
import { DIFFERENCES, type Difference } from './differences.ts';
import { type Comparable, type Compared, replay } from './replay.ts';

/** Our answer to a step that is in the table: row and expected status. */
interface Accepted {
  readonly row: Difference;
  readonly status: number;
}

const ACCEPTED = new Map<string, Accepted>(
  DIFFERENCES.flatMap((row) =>
    stepsOf(row.steps).map((step, index) => [step, { row, status: row.ours[index] ?? 0 }] as const),
  ),
);

function stepsOf(steps: string): string[] {
  const [file = '', range = ''] = steps.split('#');
  const [first = 0, last = first] = range.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => `${file}#${first + index}`);
}

/** Bodies of Pulsar's framework, not of its API: pages, or nothing. Ours has the same status and says what is wrong. */
const isFrameworkError = ({ status, body }: Comparable): boolean => status >= 400 && (body === '<html>' || body === '');

const without = (fields: readonly string[], body: unknown): unknown =>
  Object.fromEntries(Object.entries(body as object).filter(([field]) => !fields.includes(field)));

/** Compares what both catalogues have: ours may have more types, and sides of a connector are types of their own. */
const builtinsOf = (body: unknown, other: unknown): unknown => {
  const others = new Map((other as Builtin[]).map((each) => [each.name, each]));
  return (body as Builtin[])
    .filter(({ name }) => others.has(name))
    .map((each) => Object.fromEntries(Object.entries(each).filter(([key]) => key in (others.get(each.name) ?? {}))));
};

interface Builtin {
  readonly name: string;
}

const expectEqual = ({ request, recorded, ours }: Compared): void => {
  if (!recorded) return;
  const [mine, theirs] = comparable(request, ours, recorded);
  expect({ status: ours.status, body: mine }).toEqual({ status: recorded.status, body: theirs });
};

/** Our body and the recorded one, as far as they must be equal. */
const comparable = (request: Compared['request'], ours: Comparable, recorded: Comparable): [unknown, unknown] => {
  if (isFrameworkError(recorded)) return [ours.body, { reason: expect.stringMatching(/./) }];
  if (request.method === 'OPTIONS') return [words(ours.body), words(recorded.body)];
  if (ours.status !== 200 || recorded.status !== 200) return [ours.body, recorded.body];
  if (/\/builtin(sources|sinks)$/.test(request.path)) {
    return [builtinsOf(ours.body, recorded.body), builtinsOf(recorded.body, ours.body)];
  }
  if (request.path.endsWith('/configdefinition')) {
    return [(ours.body as unknown[]).slice(0, (recorded.body as unknown[]).length), recorded.body];
  }
  return [ours.body, recorded.body];
};

const words = (list: unknown): string[] => String(list).split(', ').toSorted();

const expectAccepted = ({ recorded, ours }: Compared, { row, status }: Accepted): void => {
  expect(ours.status).toBe(status);
  if (status >= 400) expect(ours.body).toEqual({ reason: expect.stringMatching(row.reason as RegExp) });
  if (recorded && row.fields) {
    expect(without(row.fields, ours.body)).toEqual(without(row.fields, recorded.body));
  }
};

describe.each(['sources', 'sinks'] as const)("replay of a real worker's answers: %s", (file) => {
  let compared: Compared[] = [];

  beforeAll(async () => {
    compared = await replay(file);
  });

  test('answers every step as recorded, or as the table of differences says', () => {
    const failures = compared.flatMap((each) => {
      const accepted = ACCEPTED.get(each.step);
      try {
        if (accepted) expectAccepted(each, accepted);
        else expectEqual(each);
        return [];
      } catch (error) {
        return [`${each.step} ${each.label}: ${(error as Error).message}`];
      }
    });
    expect(failures).toEqual([]);
  });

  test('has no row in the table for a step that is answered as recorded', () => {
    const needless = compared.flatMap((each) => {
      if (!ACCEPTED.has(each.step)) return [];
      try {
        expectEqual(each);
        return [each.step];
      } catch {
        return [];
      }
    });
    expect(needless).toEqual([]);
  });

  test('gives a reason with every refusal and fails at none, the withheld steps included', () => {
    const bad = compared.filter(({ ours, request }) => {
      if (ours.status >= 500) return true;
      return (
        ours.status >= 400 &&
        request.method !== 'HEAD' &&
        typeof (ours.body as { reason?: unknown }).reason !== 'string'
      );
    });
    expect(bad).toEqual([]);
  });

  test('knows every step that the table names', () => {
    const steps = new Set(compared.map(({ step }) => step));
    const unknown = [...ACCEPTED.keys()].filter((step) => step.startsWith(file) && !steps.has(step));
    expect(unknown).toEqual([]);
  });
});
