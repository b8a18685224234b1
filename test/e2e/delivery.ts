import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { type Cloud, type CloudOptions, type StartCloud, startCloud } from './cloud/index.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import { growingFile } from './growing-file.ts';
import type { Input } from './input.ts';
import type { Target } from './target.ts';

/** One end-to-end delivery: a source system, through a topic, into a target, while the runs' processes are killed. */
export interface DeliveryOptions {
  readonly broker: BrokerAddress;
  readonly target: Target;
  readonly guarantee: Guarantee;
  readonly records: number;
  readonly maxKills: number;
  /** The input ends with the last kill, if that comes before `records`. */
  readonly endsWithKills?: boolean;
  /** Default: a SQLite file. */
  readonly store?: { readonly url: string; readonly environment: Readonly<Record<string, string>> };
  readonly runSettings?: CloudOptions['runSettings'];
  readonly tickMs?: number;
  readonly maxRuns?: number;
  readonly killChance?: number;
  readonly seed: number;
  /** Namespace of the topic, with deduplication enabled. */
  readonly namespace?: string;
  /** Keep `guarantee` by another one's means. */
  readonly keptBy?: Guarantee;
  /** Default: a file that grows. */
  readonly input?: () => Promise<Input>;
  readonly onCloud?: (cloud: Cloud) => Promise<void>;
  /** Before the cloud ends. */
  readonly onEnd?: () => Promise<void>;
  readonly startCloud?: StartCloud;
}

/** What came of it, counted in the target. */
export interface DeliveryResult {
  readonly lost: number;
  /** Rows that a reader finds twice. */
  readonly duplicated: number;
  /** Writes that the target counted beyond one for each row. */
  readonly repeatedWrites: number;
  /** Effects that came after a later record's first effect. */
  readonly reordered: number;
  readonly arrived: number;
  /** Records of the input. */
  readonly records: number;
  readonly kills: number;
  readonly runs: number;
  /** False: not all of it had been read, or something waited in the topic, when all patience was at an end. */
  readonly isOver: boolean;
  readonly log: string;
}

/** Nothing changed for this long: longer than a killed run's lease and its successor's start. */
const QUIET_MS = 9_000;
/** Everything arrived this long ago, and no duplicate followed. */
const COMPLETE_MS = 1_500;
/** Without any change. */
const PATIENCE_MS = 120_000;

/** Runs a delivery to its end: everything arrived, or nothing has moved for a while. */
export const deliver = async (options: DeliveryOptions): Promise<DeliveryResult> => {
  const { broker, target, guarantee, maxKills, seed, killChance = 0.03, keptBy, store } = options;
  const folder = mkdtempSync(join(tmpdir(), 'pio-delivery-'));
  const input = await (options.input ?? (() => growingFile()))();
  const storePath = join(folder, 'store.db');
  const cloudOptions: Parameters<typeof startCloud>[0] = {
    serviceUrl: broker.serviceUrl,
    adminUrl: broker.adminUrl,
    storeUrl: store?.url ?? `sqlite:${storePath}`,
    ...(options.runSettings && { runSettings: options.runSettings }),
    ...(options.tickMs && { tickMs: options.tickMs }),
    ...(options.maxRuns && { maxRuns: options.maxRuns }),
    chaos: { killChance, maxKills, seed, aimsAtEffects: keptBy !== undefined },
    logFile: join(folder, 'cloud.log'),
    ...(keptBy && { swap: { asked: guarantee, kept: keptBy } }),
  };
  await using cloud = await (options.startCloud ?? startCloud)(cloudOptions, store?.environment);
  const topic = `persistent://${options.namespace ?? 'public/default'}/e2e-${randomUUID()}`;
  const common = { processingGuarantees: guarantee };
  await cloud.create('sink', 'out', {
    ...common,
    archive: `builtin://${target.sinkType}`,
    inputs: [topic],
    sourceSubscriptionPosition: 'Earliest',
    configs: target.configs,
  });
  await cloud.create('source', 'in', {
    ...common,
    ...input.more,
    archive: `builtin://${input.sourceType}`,
    topicName: topic,
    configs: { ...input.configs, ...(input.sourceType === 'file' && target.sourceConfigs) },
  });
  const isEnough = async () => options.endsWithKills === true && (await cloud.state()).killed >= maxKills;
  const feeding = input.feed(options.records, isEnough);
  await options.onCloud?.(cloud);
  const records = await feeding;
  // Only the file can be looked into; elsewhere what is lost is seen at the end of all patience.
  const isRead = async () => store === undefined && (await input.isRead(storePath));
  const isOver = await untilQuiet(cloud, { ...options, records }, isRead, topic);
  await input.dispose();
  const effects = await target.read();
  const repeatedWrites = await target.repeatedWrites();
  const { killed: kills, started: runs } = await cloud.state();
  await options.onEnd?.();
  return { ...judge(effects, records), records, repeatedWrites, kills, runs, isOver, log: cloud.logFile };
};

const judge = (effects: readonly number[], records: number) => {
  const seen = new Set<number>();
  let duplicated = 0;
  let reordered = 0;
  let highest = -1;
  for (const n of effects) {
    if (seen.has(n)) duplicated += 1;
    else if (n < highest) reordered += 1;
    seen.add(n);
    highest = Math.max(highest, n);
  }
  return { arrived: effects.length, lost: records - seen.size, duplicated, reordered };
};

/** Waits until everything arrived, or until all of the input was read, nothing waits in the topic, nothing has changed for a while and nobody was killed meanwhile; false: neither came. */
const untilQuiet = async (
  cloud: Cloud,
  options: DeliveryOptions,
  isRead: () => Promise<boolean>,
  topic: string,
): Promise<boolean> => {
  const { broker, target, records } = options;
  let last = '';
  let sinceMs = Date.now();
  while (Date.now() - sinceMs < PATIENCE_MS) {
    const count = await target.distinct();
    const { killed } = await cloud.state();
    const now = `${count} ${killed}`;
    if (now !== last) sinceMs = Date.now();
    last = now;
    const quietMs = Date.now() - sinceMs;
    if (count >= records && quietMs > COMPLETE_MS) return true;
    // The defect that this delivery was given has shown itself.
    if (options.keptBy && (await target.repeatedWrites()) > 0) return true;
    if (quietMs > QUIET_MS && (await isRead()) && (await backlogOf(broker, topic)) === 0) return true;
    await sleep(100);
  }
  return false;
};

const backlogOf = async ({ adminUrl }: BrokerAddress, topic: string): Promise<number> => {
  const response = await fetch(`${adminUrl}/admin/v2/${topic.replace('://', '/')}/stats`);
  const { subscriptions } = (await response.json()) as { subscriptions: Record<string, { msgBacklog: number }> };
  return subscriptions['public/default/out']?.msgBacklog ?? 1;
};
