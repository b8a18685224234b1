import middy from '@middy/core';
import { createObjectEvents } from '../src/runtime/object-events.ts';
import { once, wireRuns } from './wiring.ts';

const objectEvents = once(async () => createObjectEvents(await wireRuns()));

/** Notifications of new objects; S3 itself or a rule of EventBridge calls it, asynchronously. */
export const handler = middy<unknown, { readonly tasks: number }>().handler(async (event, _context, { signal }) =>
  (await objectEvents())(event, signal),
);
