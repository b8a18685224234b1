import type { Connector, RedriveOrder, SinkConnector } from '../../core/connector.ts';
import { parksKeys, redriveReorders } from '../../core/dead-letter-rules.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { LETTER } from '../../delivery/letters.ts';
import { json } from '../http/answers.ts';
import { readCount, readFlag } from '../http/query.ts';
import { inParallel } from '../in-parallel.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { type LetterTopic, letterTopics } from '../lifecycle/letter-topics.ts';
import { letterView } from '../lifecycle/letter-view.ts';
import { requirePulsar, sinkTopics } from '../lifecycle/sink-topics.ts';
import { instancesOf, startRuns } from '../lifecycle/start-runs.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

const SHOWN = 10;
const MAX_SHOWN = 100;
const MAX_LETTERS = 1_000_000;

/** GET `/{tenant}/{namespace}/{name}/dead-letters`: how many there are, and the first `?max=` of each topic. An addition to Pulsar's API. */
export const getDeadLetters: Operation = async (call) => {
  const { connector } = await findConnector(call);
  const max = readCount(call.request, 'max', MAX_SHOWN, SHOWN);
  const topics = await letterTopics(call, connector);
  return json({
    topics: await inParallel(topics, async (topic) => ({ ...topic, letters: await peek(call, connector, topic, max) })),
  });
};

const peek = async (call: Call, { uid }: Connector, { topic, subscription, count }: LetterTopic, max: number) => {
  const places = Array.from({ length: Math.min(max, count) }, (_, index) => index + 1);
  const found = await inParallel(places, (nth) => requirePulsar(call).peek(topic, subscription, nth, call.signal));
  return found.flatMap((letter) => (letter?.properties[LETTER.uid] === uid ? [letterView(letter)] : []));
};

/**
 * POST `/{tenant}/{namespace}/{name}/dead-letters`: has a sink write its dead letters again, the first `?max=` of each topic or all that are there then, before it goes on
 * with its inputs. The answer comes at once; `status` counts. Repeating it repeats nothing that was written.
 */
export const redriveDeadLetters: Operation = async (call) => {
  const registered = await findConnector(call);
  const { connector } = registered;
  if (connector.kind === 'source') {
    const how = 'mend the records at the positions that the letters name, and set the positions of the source back';
    throw new PulsarIoError('PIO_REQUEST_INVALID', `Dead letters of a source cannot be sent back: ${how}`);
  }
  const allowReordering = readFlag(call.request, 'allowReordering');
  requireOrder(call, connector, allowReordering);
  const max = readCount(call.request, 'max', MAX_LETTERS, undefined);
  const topics = await letterTopics(call, connector);
  const ends = await inParallel(topics, async (topic) => [topic.topic, await endOf(call, topic, max)] as const);
  const order = await place(call, registered, Object.fromEntries(ends), allowReordering);
  const letters = topics.reduce((sum, { count }) => sum + Math.min(count, max ?? count), 0);
  return json({ redrive: order.number, letters, through: order.through });
};

/** Without versions, an old record that is written late undoes a newer one of its key, unless the newer one waits behind it (GUARANTEES rule 40). */
const requireOrder = ({ deps }: Call, { config, type }: SinkConnector, allowReordering: boolean): void => {
  if (allowReordering || !redriveReorders(config, deps.catalogue.sink(type)?.route) || parksKeys(config)) return;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    `A ${type} sink orders writes by their time only, so a dead letter that is written now may undo a newer record of its key. Send it with ?allowReordering=true where that cannot be or does not matter; for later ones set retainOrdering, or "deadLetterKeys": "park" in customRuntimeOptions`,
  );
};

const BEFORE_ALL = { ledgerId: -1, entryId: -1 };

/** All are those that are there when a run takes the order: keys into which records flow meanwhile would never be free otherwise. */
const endOf = async (
  call: Call,
  { topic, subscription }: LetterTopic,
  max: number | undefined,
): Promise<RedriveOrder['through'][string]> => {
  if (max === undefined) return 'all';
  const pulsar = requirePulsar(call);
  const nth = await pulsar.peek(topic, subscription, max, call.signal);
  return nth?.messageId ?? (await pulsar.lastEntry(topic, call.signal)) ?? BEFORE_ALL;
};

const place = async (
  call: Call,
  registered: RegisteredConnector,
  through: RedriveOrder['through'],
  allowReordering: boolean,
): Promise<RedriveOrder> => {
  const { deps, signal } = call;
  const connector = registered.connector as SinkConnector;
  const number = (connector.redrive?.number ?? 0) + 1;
  const topics = await sinkTopics(call, connector);
  const redrive: RedriveOrder = { number, through, topics, ...(allowReordering && { allowReordering }) };
  const changed: SinkConnector = { ...connector, redrive, keepsBooks: true, updatedAtMs: deps.clock.nowMs() };
  await deps.registry.update(registered, changed, signal);
  await startRuns(call, changed, instancesOf(changed));
  return redrive;
};

/**
 * DELETE `/{tenant}/{namespace}/{name}/dead-letters?confirm={name}`: drops the first `?max=` letters of each topic, or all, for good. Keys of which no letter
 * is left go on.
 */
export const dropDeadLetters: Operation = async (call) => {
  const registered = await findConnector(call);
  const { connector } = registered;
  const { name } = nameOf(call);
  if (call.request.query.get('confirm') !== name) {
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      `This drops dead letters for good; confirm it with ?confirm=${name}`,
    );
  }
  const max = readCount(call.request, 'max', MAX_LETTERS, undefined);
  const topics = await letterTopics(call, connector);
  const dropped = await inParallel(topics, async ({ topic, subscription, count }) => {
    if (count > 0) await requirePulsar(call).skip(topic, subscription, max ?? 'all', call.signal);
    return Math.min(count, max ?? count);
  });
  if (connector.kind === 'sink' && parksKeys(connector.config)) {
    await place(call, registered, Object.fromEntries(topics.map(({ topic }) => [topic, BEFORE_ALL])), false);
  }
  return json({ dropped: dropped.reduce((sum, one) => sum + one, 0) });
};
