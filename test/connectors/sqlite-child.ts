import { DatabaseSync, StatementSync } from 'node:sqlite';
import { jdbcSqliteSink } from '../../src/connectors/jdbc/sqlite-sink.ts';
import type { TransactionalSink } from '../../src/core/connector-type.ts';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { configOf, context } from './open.ts';

// A run that kills itself: it fences, then commits batches of three records after its frontier. Step 2n-1 is before its n-th statement, step 2n after it.
const [file = '', epoch = '', killAtStep = ''] = process.argv.slice(2);

let step = 0;
const killHere = (): void => {
  if (++step === Number(killAtStep)) process.kill(process.pid, 'SIGKILL');
};

/** Makes `prototype[name]` a step before and a step after what it does. */
const withSteps = (prototype: object, name: string): void => {
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]): unknown {
    killHere();
    const result = original.apply(this, args);
    killHere();
    return result;
  });
};

const topic = 'persistent://public/default/in';
const token = { generation: 1, epoch: Number(epoch) };
const { signal } = new AbortController();

const record = (entryId: number): SinkRecord => ({
  topic,
  messageId: { ledgerId: 7, entryId, batchIndex: -1 },
  bytes: null,
  value: { entry: entryId },
  properties: {},
  publishTimeMs: 0,
  producerName: 'p',
  sequenceId: entryId,
  redeliveryCount: 0,
  version: entryId + 1,
});

const config = configOf(jdbcSqliteSink, { jdbcUrl: `jdbc:sqlite:${file}`, tableName: 'items' });
const sink = (await jdbcSqliteSink.open(config, context())) as TransactionalSink;
withSteps(DatabaseSync.prototype, 'exec');
withSteps(StatementSync.prototype, 'run');
let { frontier } = await sink.fence(topic, token, FRONTIER_START, signal);
for (;;) {
  const records = [1, 2, 3].map((n) => record(frontier.entryId + n));
  const to = { ledgerId: 7, entryId: frontier.entryId + 3, batchIndex: -1, version: frontier.version + 3 };
  const refused = await sink.transact(records, { topic, token, from: frontier, to }, signal);
  if (refused) throw new Error(JSON.stringify(refused));
  frontier = to;
}
