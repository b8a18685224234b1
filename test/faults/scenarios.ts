import fc from 'fast-check';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import { type Change, isSourceRoute, type Route, type Schedule } from './schedule.ts';
import { CALL_FAULTS, type Fault, WORLD_FAULTS } from './simulation/fault.ts';

/** A family of schedules: one route under one guarantee, or while that is changed to another. */
export interface Scenario {
  readonly name: string;
  readonly route: Route;
  readonly guarantee: Guarantee;
  /** What the guarantee is changed to in mid-stream. */
  readonly becomes?: Guarantee;
}

/** Routes and the guarantees that they can hold. */
const HELD: Readonly<Record<Exclude<Route, 'batch'>, readonly Guarantee[]>> = {
  log: GUARANTEES,
  queue: GUARANTEES,
  event: GUARANTEES,
  webhook: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  transactional: GUARANTEES,
  versioned: GUARANTEES,
  idempotent: GUARANTEES,
  plain: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
};

const ROUTES = Object.keys(HELD) as (keyof typeof HELD)[];

/** Every scenario that there is. */
export const SCENARIOS: readonly Scenario[] = ROUTES.flatMap((route) =>
  HELD[route].flatMap((guarantee): Scenario[] => [
    { name: `${route}/${guarantee}`, route, guarantee },
    ...HELD[route]
      .filter((becomes) => becomes !== guarantee)
      .map((becomes) => ({ name: `${route}/${guarantee}-${becomes}`, route, guarantee, becomes })),
  ]),
);

/** Calls that faults strike, with the number up to which one of them may be struck: where the protocol has its steps, more often. */
const COMMON_PORTS = { 'store.get': 20, 'store.put': 60, 'session.open': 4, 'lambda.invoke': 4, 'admin.topicStats': 6 };
const SOURCE_PORTS = {
  'source.read': 30,
  'session.producer': 12,
  'session.consumer': 6,
  'producer.sendEntry': 40,
  'producer.close': 6,
  'consumer.lastMessageId': 4,
};
const QUEUE_PORTS = {
  'queue.receive': 40,
  'queue.settle': 30,
  'store.delete': 20,
  'session.producer': 12,
  'producer.sendEntry': 40,
  'producer.close': 6,
  'consumer.lastMessageId': 4,
};
/** An event carries several messages, and the inbox is published a page at a time: there are fewer calls. */
const EVENT_PORTS = {
  'function.answer': 30,
  'mappings.ensure': 3,
  'store.delete': 8,
  'session.producer': 2,
  'producer.sendEntry': 10,
  'producer.close': 2,
  'consumer.lastMessageId': 2,
};
const BATCH_PORTS = { ...SOURCE_PORTS, 'store.delete': 8, 'batch.discover': 8, 'batch.read': 20 };
const WEBHOOK_PORTS = { 'function.answer': 30, 'session.producer': 6, 'producer.sendEntry': 40 };
const SINK_PORTS = {
  'session.consumer': 8,
  'consumer.receiveBatch': 60,
  'consumer.lastMessageId': 6,
  'consumer.ackCumulative': 30,
  'consumer.ackIndividual': 30,
  'sink.fence': 6,
  'sink.write': 40,
  'sink.transact': 40,
  'producer.sendEntry': 12,
};

const PORTS_OF: Readonly<Record<Route, Readonly<Record<string, number>>>> = {
  log: SOURCE_PORTS,
  queue: QUEUE_PORTS,
  event: EVENT_PORTS,
  webhook: WEBHOOK_PORTS,
  batch: BATCH_PORTS,
  transactional: SINK_PORTS,
  versioned: SINK_PORTS,
  idempotent: SINK_PORTS,
  plain: SINK_PORTS,
};

/** Of the kinds of faults, those that strike often. */
const FREQUENT = ['crash-before', 'crash-after', 'lost', 'freeze-before', 'slow'] as const;
/** From a moment to longer than a lease. */
const DELAYS_MS = [50, 700, 3_000, 8_000] as const;
/** A run that freezes for that long may sleep over a stop, a position that is set, and a start. */
const LONG_MS = 15_000;

/** `scale`: how many times longer than usual schedules are; faults spread over all of it. */
const faultsOf = (route: Route, scale: number): fc.Arbitrary<Fault[]> => {
  const ports = Object.entries<number>({ ...COMMON_PORTS, ...PORTS_OF[route] });
  const place = fc
    .constantFrom(...ports)
    .chain(([port, calls]) => fc.record({ port: fc.constant(port), nth: fc.nat(calls * scale) }));
  const kind = fc.oneof(
    { arbitrary: fc.constantFrom(...FREQUENT), weight: 5 },
    { arbitrary: fc.constantFrom(...CALL_FAULTS), weight: 2 },
    { arbitrary: fc.constantFrom(...WORLD_FAULTS), weight: 2 },
  );
  const fault = fc
    .tuple(place, kind, fc.constantFrom(...DELAYS_MS))
    .map(([at, what, ms]): Fault => ({ ...at, kind: what, ms }));
  return fc.array(fault, { maxLength: 6 * scale, size: 'max' });
};

/** An operator who mends what the target rejected, and sends the letters back. */
const redrivesOf = (route: Route): fc.Arbitrary<Change[]> =>
  isSourceRoute(route)
    ? fc.constant([])
    : fc.array(
        fc
          .record({ atMs: fc.integer({ min: 500, max: 9_000 }), max: fc.constantFrom(undefined, 3, 20) })
          .map((change): Change => ({ ...change, action: 'redrive' })),
        { maxLength: 2 },
      );

const changesOf = (scenario: Scenario): fc.Arbitrary<Change[]> =>
  fc.tuple(otherChangesOf(scenario), redrivesOf(scenario.route)).map(([others, redrives]) =>
    // What is sent back beside what is written again could not be told apart.
    isMoved(others) ? others : [...others, ...redrives].toSorted((a, b) => a.atMs - b.atMs),
  );

const isMoved = (changes: readonly Change[]): boolean => changes.some(({ action }) => action === 'positions');

/** What a sink is set back to must still be there; long faults last for longer. */
const fitForMoves = (schedule: Schedule): Schedule => {
  if (!isMoved(schedule.changes)) return schedule;
  const isKept = ({ kind }: Fault) => kind !== 'trim' || isSourceRoute(schedule.route);
  const longer = (fault: Fault): Fault => (fault.ms === DELAYS_MS.at(-1) ? { ...fault, ms: LONG_MS } : fault);
  return { ...schedule, faults: schedule.faults.filter(isKept).map(longer) };
};

/** What waits in a queue, or at a sender, has no positions. */
const hasPositions = (route: Route): boolean => route === 'log' || !isSourceRoute(route);

/** Stopped, set back or forward, and started. */
const movesOf = (atMs: fc.Arbitrary<number>): fc.Arbitrary<Change[]> =>
  fc
    .tuple(atMs, fc.nat(9_000), fc.integer({ min: -20, max: 8 }), fc.nat(2_000))
    .map(([from, stoppedMs, shift, setMs]): Change[] => [
      { atMs: from, action: 'stop' },
      { atMs: from + stoppedMs, action: 'positions', shift },
      { atMs: from + stoppedMs + setMs, action: 'start' },
    ]);

const otherChangesOf = ({ becomes, guarantee, route }: Scenario): fc.Arbitrary<Change[]> => {
  const atMs = fc.integer({ min: 500, max: 7_000 });
  const otherTopic = isSourceRoute(route) ? fc.constantFrom(undefined, undefined, true) : fc.constant(undefined);
  const change = fc.record({ atMs, parallelism: fc.integer({ min: 1, max: 3 }), otherTopic });
  if (becomes) return change.map((changed) => [{ ...changed, action: 'update', guarantee: becomes }]);
  const update = change.map((changed): Change[] => [{ ...changed, action: 'update', guarantee }]);
  const growth = atMs.map((from): Change[] => [{ atMs: from, action: 'add-partition' }]);
  const pause = fc.tuple(atMs, fc.integer({ min: 100, max: 5_000 })).map(([from, ms]): Change[] => [
    { atMs: from, action: 'stop' },
    { atMs: from + ms, action: 'start' },
  ]);
  const restart = atMs.map((from): Change[] => [{ atMs: from, action: 'restart' }]);
  return fc.oneof(
    { arbitrary: fc.constant<Change[]>([]), weight: 4 },
    { arbitrary: update, weight: 2 },
    { arbitrary: pause, weight: 1 },
    { arbitrary: restart, weight: 1 },
    { arbitrary: growth, weight: 1 },
    ...(hasPositions(route) ? [{ arbitrary: movesOf(atMs), weight: 1 }] : []),
  );
};

/** Most records of a schedule that is quick. */
const USUAL_RECORDS = 250;

/** Schedules of a scenario with up to that many records. */
export const schedulesOf = (scenario: Scenario, maxRecords = USUAL_RECORDS): fc.Arbitrary<Schedule> =>
  fc
    .record({
      route: fc.constant(scenario.route),
      guarantee: fc.constant(scenario.guarantee),
      seed: fc.nat(2 ** 31),
      records: fc.integer({ min: Math.min(20, maxRecords), max: maxRecords }),
      partitions: fc.constantFrom(0, 1, 2, 3),
      destinations: scenario.route === 'log' ? fc.constantFrom(0, 0, 1, 3) : fc.constant(0),
      sourcePartitions: fc.integer({ min: 1, max: 3 }),
      parallelism: fc.integer({ min: 1, max: 3 }),
      keys: fc.constantFrom(0, 1, 7, 50),
      order: fc.constantFrom('none' as const, 'key' as const, 'topic' as const),
      poisonEvery: isSourceRoute(scenario.route) ? fc.constant(0) : fc.constantFrom(0, 0, 11, 40),
      deadLetterKeys: fc.constantFrom('default' as const, 'default' as const, 'park' as const, 'pass' as const),
      lambdaTimeoutMs: fc.constantFrom(15_000, 25_000, 60_000),
      dispatchers: fc.integer({ min: 1, max: 2 }),
      faults: faultsOf(scenario.route, Math.max(1, Math.round(maxRecords / USUAL_RECORDS))),
      changes: changesOf(scenario),
    })
    .map(fitForMoves);
