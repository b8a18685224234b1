import { expect, test } from '@jest/globals';
import type { Connector } from '../../src/core/connector.ts';
import { type InstanceStatus, NEW_STATUS } from '../../src/core/instance-status.ts';
import { HEALTHY, type Health, healthOf, together } from '../../src/dispatcher/health.ts';
import { memorySink } from '../runtime/kit/world.ts';

const sink = memorySink('persistent://public/default/in');
const stateOf = (status: Partial<InstanceStatus>) => ({
  epoch: 1,
  runId: null,
  expiresAtMs: 0,
  status: { ...NEW_STATUS, generation: sink.generation, ...status },
});
const topic = (lagMs: number) => ({ position: '1:1', publishTimeMs: 1, lagMs });

test.each<[string, Connector, Partial<InstanceStatus>, Partial<Health>]>([
  ['failed for good', sink, { phase: 'failed' }, { failing: 1 }],
  ['failed in an older generation', sink, { phase: 'failed', generation: sink.generation - 1 }, {}],
  ['failed twice', sink, { phase: 'backoff', failuresInRow: 2 }, {}],
  ['failed three times', sink, { phase: 'backoff', failuresInRow: 3 }, { failing: 1 }],
  ['failed, and was stopped', { ...sink, instanceStates: { 0: 'STOPPED' } }, { phase: 'failed' }, {}],
  ['failed, and is being deleted', { ...sink, deleting: true }, { phase: 'failed' }, {}],
  ['has dead letters, some sent back', sink, { numDeadLettered: 5, numRedriven: 2 }, { deadLetters: 3 }],
  ['runs behind', sink, { phase: 'running', topics: { a: topic(7), b: topic(9) } }, { lagMs: 9 }],
  ['ran behind, and has nothing to do', sink, { phase: 'idle', topics: { a: topic(7) } }, {}],
])('an instance that %s', (_, connector, status, health) => {
  expect(healthOf(connector, 0, stateOf(status))).toEqual({ ...HEALTHY, ...health });
});

test('an instance that never ran is healthy', () => {
  expect(healthOf(sink, 0, undefined)).toEqual(HEALTHY);
});

test('together: sums, and the longest lag', () => {
  const one = { failing: 1, deadLetters: 2, lagMs: 30 };
  expect(together(one, { failing: 0, deadLetters: 5, lagMs: 20 })).toEqual({ failing: 1, deadLetters: 7, lagMs: 30 });
});
