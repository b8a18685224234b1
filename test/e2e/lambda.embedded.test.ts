import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilShown } from '../contracts/until-shown.ts';
import type { Cloud, CloudState } from './cloud/index.ts';
import { startLambdaCloud } from './cloud/lambda-cloud.ts';
import { deliver } from './delivery.ts';
import { startEmbeddedBroker } from './embedded-broker.ts';
import { growingFile } from './growing-file.ts';
import { sqliteTarget } from './sqlite-target.ts';

const LIMIT_MS = 360_000;
const EXACT = { lost: 0, duplicated: 0, reordered: 0 };

let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
beforeAll(async () => {
  broker = await startEmbeddedBroker();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

/** A delivery by the bundles of a deployment, in Lambda's execution environments. */
const deliverAsLambda = async (maxKills: number, meanwhile: (cloud: Cloud) => Promise<void> = async () => {}) => {
  await using target = await sqliteTarget();
  let state = async (): Promise<CloudState> => ({ running: 0, started: 0, killed: 0 });
  let last = await state();
  const result = await deliver({
    ...{ broker, target, guarantee: 'EFFECTIVELY_ONCE', records: maxKills ? 60_000 : 4_000, maxKills, seed: 1 },
    ...(maxKills ? { endsWithKills: true } : { runSettings: { idleMs: 5_000 } }),
    // Much at once, so that a kill meets records under way; or a little for longer than two runs live.
    input: () => growingFile(maxKills ? 300 : 30),
    startCloud: startLambdaCloud,
    onCloud: async (cloud) => {
      state = () => cloud.state();
      await meanwhile(cloud);
    },
    onEnd: async () => {
      last = await state();
    },
  });
  process.stderr.write(`as Lambda, EFFECTIVELY_ONCE: ${JSON.stringify({ ...result, ...last })}\n`);
  return { ...result, ...last };
};

test(
  'EFFECTIVELY_ONCE writes exactly the input, in order, when environments are killed at any moment',
  async () => {
    // A kill that comes when its run has ended is none.
    const shows = ({ kills, lost, duplicated, reordered }: Awaited<ReturnType<typeof deliverAsLambda>>) =>
      kills > 1 || lost + duplicated + reordered > 0;
    const { kills, ...result } = await untilShown(() => deliverAsLambda(10), shows);
    expect(result).toMatchObject(EXACT);
    expect(kills).toBeGreaterThan(1);
  },
  LIMIT_MS,
);

test(
  'runs hand over at their deadlines, and later ones get environments that were frozen in between',
  async () => {
    const { runs, environments = 0, ...result } = await deliverAsLambda(0);
    expect(result).toMatchObject(EXACT);
    const handedOver = readFileSync(result.log, 'utf8').match(/"stop":"handed-over"/g) ?? [];
    expect(handedOver.length).toBeGreaterThan(1);
    expect(environments).toBeLessThan(runs);
  },
  LIMIT_MS,
);

/** Deploys another version while source and sink run, and again once runs of both versions were at work at a time. */
const redeployTwice = async (cloud: Cloud) => {
  const until = async (holds: (state: CloudState) => boolean) => {
    while (!holds(await cloud.state())) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await until(({ running }) => running >= 2);
  await cloud.redeploy();
  await until(({ overlaps = 0 }) => overlaps > 0);
  await cloud.redeploy();
};

test(
  'a deployment while connectors run loses nothing: runs come to their end with the old code, beside those with the new',
  async () => {
    const { overlaps, ...result } = await deliverAsLambda(0, redeployTwice);
    expect(result).toMatchObject(EXACT);
    expect(overlaps).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
