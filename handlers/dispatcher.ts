import middy from '@middy/core';
import { PulsarIoError } from '../src/core/errors.ts';
import { type DispatchReport, dispatch } from '../src/dispatcher/dispatch.ts';
import { functionInvoker } from '../src/dispatcher/invoke-function.ts';
import { emitHealth } from './metrics.ts';
import { once, wireDispatcher } from './wiring.ts';

/** EventBridge's scheduled event, or the shards that an earlier invocation had no time for. */
interface Tick {
  readonly shards?: readonly number[];
}

const deps = once(wireDispatcher);
const invoke = functionInvoker();

/** What a shard that was begun may still take, in milliseconds. */
const SHARD_MS = 20_000;

/** Once a minute: invokes a run for every instance that has work and nobody working. What one invocation has no time for, another one does at once. */
export const handler = middy<Tick, DispatchReport>().handler(async ({ shards }, context, { signal }) => {
  const wired = await deps();
  const all = shards ?? [...Array(wired.registry.shards).keys()];
  const report = await dispatch(wired, all, signal, () => context.getRemainingTimeInMillis() > SHARD_MS);
  emitHealth(report.health, { isWhole: report.broken.length === 0 });
  if (report.left.length > 0 && report.left.length < all.length) {
    await invoke(context.functionName, { shards: report.left });
  }
  if (report.broken.length === 0) return report;
  const which = report.broken.join(', ');
  throw new PulsarIoError('PIO_STORE_UNAVAILABLE', `shards ${which} of the connectors could not be looked through`);
});
