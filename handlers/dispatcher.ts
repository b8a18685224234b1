import middy from '@middy/core';
import { type DispatchReport, dispatch } from '../src/dispatcher/dispatch.ts';
import { once, wireDispatcher } from './wiring.ts';

/** EventBridge's scheduled event, or `{ "shard": 3 }` for one shard only. */
interface Tick {
  readonly shard?: number;
}

const deps = once(wireDispatcher);

/** Once a minute: invokes a run for every instance that has work and nobody working. */
export const handler = middy<Tick, DispatchReport>().handler(async ({ shard }, _context, { signal }) => {
  const wired = await deps();
  const shards = shard === undefined ? [...Array(wired.registry.shards).keys()] : [shard];
  return dispatch(wired, shards, signal);
});
