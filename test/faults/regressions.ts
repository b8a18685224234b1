import type { Schedule } from './schedule.ts';

const QUIET: Schedule = {
  route: 'log',
  guarantee: 'EFFECTIVELY_ONCE',
  seed: 0,
  records: 60,
  partitions: 2,
  sourcePartitions: 2,
  parallelism: 1,
  keys: 7,
  order: 'none',
  poisonEvery: 0,
  lambdaTimeoutMs: 15_000,
  dispatchers: 1,
  faults: [],
  changes: [],
};

/** Schedules that broke a promise once, by what broke it. */
export const REGRESSIONS: Readonly<Record<string, Schedule>> = {
  'a run of an older generation that registers its producers late publishes nothing (decision 0006)': {
    ...QUIET,
    seed: 2076070128,
    records: 68,
    parallelism: 3,
    keys: 50,
    faults: [{ port: 'producer.sendEntry', nth: 22, kind: 'crash-before', ms: 50 }],
    changes: [{ atMs: 3290, parallelism: 2, action: 'update', guarantee: 'EFFECTIVELY_ONCE' }],
  },
  'a partition that never got a record is no reason to stop when the broker restarts': {
    ...QUIET,
    records: 20,
    partitions: 3,
    sourcePartitions: 1,
    keys: 1,
    faults: [{ port: 'session.producer', nth: 3, kind: 'broker-restart', ms: 50 }],
    changes: [{ atMs: 500, parallelism: 1, action: 'update', guarantee: 'EFFECTIVELY_ONCE' }],
  },
  'a run that waits for an ordered queue while its successors already fill the inbox (decision 0005)': {
    ...QUIET,
    route: 'queue',
    guarantee: 'ATLEAST_ONCE',
    seed: 1001981139,
    records: 25,
    partitions: 0,
    sourcePartitions: 1,
    parallelism: 2,
    keys: 0,
    order: 'key',
    changes: [{ atMs: 504, parallelism: 3, action: 'update', guarantee: 'EFFECTIVELY_ONCE' }],
  },
  'a webhook that is started while its senders wait, each of whose requests changes the status that is reset': {
    ...QUIET,
    route: 'webhook',
    guarantee: 'ATLEAST_ONCE',
    seed: 979398338,
    records: 204,
    partitions: 0,
    sourcePartitions: 1,
    parallelism: 3,
    keys: 0,
    dispatchers: 2,
    changes: [
      { atMs: 2794, action: 'stop' },
      { atMs: 7669, action: 'start' },
    ],
  },
  'a transactional sink whose run freezes before its commit': {
    ...QUIET,
    route: 'transactional',
    faults: [{ port: 'sink.transact', nth: 3, kind: 'freeze-before', ms: 8_000 }],
  },
};
