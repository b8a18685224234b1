/**
 * One invocation of a runner function in a process of its own: payload on standard input, set-up in `PIO_CLOUD`. It runs what the deployed handlers run,
 * with the chaos and the swap of a guarantee that a test asks for.
 */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { wireRuns } from '../../../handlers/wiring.ts';
import { type InspectionRequest, isInspection } from '../../../src/core/inspection.ts';
import type { RunRequest } from '../../../src/core/run-request.ts';
import { GUARANTEE_KEEPERS, type Guarantees } from '../../../src/delivery/pipeline.ts';
import { inspect } from '../../../src/runtime/inspect/inspect.ts';
import { runInstance } from '../../../src/runtime/instance-run.ts';
import { sinkWork } from '../../../src/runtime/sink-run.ts';
import { sourceWork } from '../../../src/runtime/source-run.ts';
import { withKills } from './chaos.ts';
import type { Chaos, CloudOptions } from './protocol.ts';

const LIFE_MS = 900_000;

const swapped = (swap: NonNullable<CloudOptions['swap']>): Guarantees => {
  const { source, queue, sink } = GUARANTEE_KEEPERS;
  return {
    source: { ...source, [swap.asked]: source[swap.kept] },
    queue: { ...queue, [swap.asked]: queue[swap.kept] },
    sink: { ...sink, [swap.asked]: sink[swap.kept] },
  };
};

const options = JSON.parse(process.env.PIO_CLOUD ?? '{}') as CloudOptions;
const chaos = process.env.PIO_CHAOS ? (JSON.parse(process.env.PIO_CHAOS) as Chaos) : undefined;
const request = JSON.parse(await text(process.stdin)) as RunRequest | InspectionRequest;
const wired = { ...(await wireRuns()), ...(options.swap && { guarantees: swapped(options.swap) }) };
const deps = chaos ? withKills(wired, chaos) : wired;
const endMs = Date.now() + LIFE_MS;
if (isInspection(request)) {
  writeSync(3, JSON.stringify(await inspect(request, deps)));
  process.exit(0);
}
const work = request.kind === 'sink' ? sinkWork : sourceWork;
const report = await runInstance(request, () => endMs - Date.now(), deps, work);
console.log(JSON.stringify({ request, report }));
process.exit(0);
