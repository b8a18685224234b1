import { assignedInstance } from '../core/assignment.ts';
import type { RedriveOrder } from '../core/connector.ts';
import { deadLetterTopicOf, redriveReorders } from '../core/dead-letter-rules.ts';
import { FRONTIER_START } from '../core/frontier.ts';
import { compareMessageIds, type MessageIdParts } from '../core/message-id.ts';
import type { IncomingMessage, MessagingConsumer } from '../core/messaging.ts';
import { deadLetterSubscription, redriveLettersName, redriveStream } from '../core/names.ts';
import { keyHash, type SinkBook } from '../core/sink-book.ts';
import { DeadLetters } from '../delivery/dead-letters.ts';
import { storedFrontier, targetFrontier } from '../delivery/frontier-holder.ts';
import { redriveLetters } from '../delivery/letter-book.ts';
import { LETTER, originalOf } from '../delivery/letters.ts';
import { OpenBook } from '../delivery/open-book.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import { pending, type SinkBatch } from '../delivery/sink-batch.ts';
import { publishDecided } from './publish-decided.ts';
import { settle } from './settle.ts';
import type { SinkRun } from './sink-attempt.ts';
import { RecordReader } from './sink-records.ts';

/** Longest wait for a letter before the run's state is looked at again, in milliseconds. */
const RECEIVE_WAIT_MS = 500;
const PAGE_LETTERS = 200;

/** What the letters of one input topic-partition are sent back with. */
interface Lane {
  readonly topic: string;
  /** Of the redrive. */
  readonly number: number;
  readonly book: OpenBook;
  readonly reader: RecordReader;
  readonly batch: Omit<SinkBatch, 'records'>;
  readonly pipeline: Pipeline<SinkBatch>;
  /** The last letter that is sent back; it moves to before one that stays where it is. */
  through: MessageIdParts;
  /** Keys of letters behind it. */
  readonly left: Set<string>;
}

/**
 * Carries out the redrive that an operator asked for (docs/decisions/0007): before an instance reads its inputs, it writes the dead letters of its topic-partitions, up to
 * where they were asked for, in their order and with their original versions. They pass through the same pipeline as records of the input, with a frontier in the
 * dead-letter topic: a run that dies repeats nothing. What fails again is appended to the dead-letter topic. Keys of which no letter is left are free again.
 */
export const redrive = async (run: SinkRun, topics: readonly string[]): Promise<void> => {
  const { connector, instance, counters, control } = run;
  const order = connector.redrive;
  if (!order || counters.redriven >= order.number) return;
  const { config } = connector;
  const mine = topics.filter(
    (topic) => order.topics.includes(topic) && assignedInstance(topic, config.parallelism) === instance,
  );
  for (const topic of mine) await publishDecided(run, topic);
  for (const [letterTopic, through] of Object.entries(order.through)) {
    if (control.isStopping) return;
    const from = mine.filter((topic) => deadLetterTopicOf(config, topic) === letterTopic);
    if (from.length > 0) await redriveTopic(run, letterTopic, through, from);
  }
  if (control.isStopping) return;
  counters.redriven = order.number;
};

const redriveTopic = async (
  run: SinkRun,
  letterTopic: string,
  asked: RedriveOrder['through'][string],
  topics: readonly string[],
): Promise<void> => {
  const keeper = await openKeeper(run, letterTopic);
  while (await sendBackOnce(run, letterTopic, { asked, topics, keeper }));
  await keeper.close();
};

interface Asked {
  readonly asked: RedriveOrder['through'][string];
  readonly topics: readonly string[];
  readonly keeper: MessagingConsumer;
}

/** Carries out what was asked for, first what an earlier order began and did not end: true when something is left that is asked for. */
const sendBackOnce = async (run: SinkRun, letterTopic: string, { asked, topics, keeper }: Asked): Promise<boolean> => {
  const number = numberOf(run);
  const { last, markDelete } = await keeper.lastMessageId(run.control.signal);
  const lanes = new Map<string, Lane>();
  for (const topic of topics) {
    const end = { through: wholeEntry(asked === 'all' ? last : asked), isPart: asked !== 'all' };
    const lane = await openLane(run, letterTopic, topic, end);
    if ((lane.book.content.redriven ?? 0) < number) lanes.set(topic, lane);
  }
  const isEmpty =
    last.entryId < 0 || (markDelete !== undefined && compareMessageIds(atEntry(markDelete), atEntry(last)) >= 0);
  if (lanes.size > 0 && !isEmpty && !(await readLetters(run, letterTopic, { from: markDelete, last, lanes, keeper })))
    return false;
  for (const lane of lanes.values()) await finish(lane);
  await Promise.all([...lanes.values()].map(({ batch }) => batch.deadLetters?.close()));
  return [...lanes.values()].some((lane) => lane.number < number);
};

const numberOf = ({ connector }: SinkRun): number => connector.redrive?.number ?? 0;

/** What failed in a redrive lies behind all that it sends back: until it has ended, a later one would send the rest before that. */
const numberToDo = ({ content: { redriving, redriven = 0 } }: OpenBook, number: number): number =>
  redriving && redriving.number > redriven ? redriving.number : number;

const atEntry = ({ ledgerId, entryId }: MessageIdParts): MessageIdParts => ({ ledgerId, entryId, batchIndex: -1 });

const wholeEntry = ({
  ledgerId,
  entryId,
}: {
  readonly ledgerId: number;
  readonly entryId: number;
}): MessageIdParts => ({
  ledgerId,
  entryId,
  batchIndex: Number.MAX_SAFE_INTEGER,
});

/** The subscription that keeps the letters: held exclusively, so that one instance sends back at a time, and never asked for messages. */
const openKeeper = async ({ session, connector, control }: SinkRun, topic: string): Promise<MessagingConsumer> => {
  const subscription = deadLetterSubscription(connector.uid);
  try {
    return await session.consumer({
      topic,
      subscription,
      subscriptionType: 'Exclusive',
      initialPosition: 'Earliest',
      receiverQueueSize: 0,
      signal: control.signal,
    });
  } catch (cause) {
    throw routeFailure(cause, `subscribing to ${topic} as ${subscription}`);
  }
};

type End = Omit<NonNullable<SinkBook['redriving']>, 'number'>;

const openLane = async (run: SinkRun, letterTopic: string, topic: string, end: End): Promise<Lane> => {
  const { connector, deps, control, sink, session, guarantee } = run;
  const { uid, config } = connector;
  const { signal } = control;
  const [token, stream] = [run.nextToken(), redriveStream(letterTopic, topic)];
  const book = await OpenBook.open(deps.checkpoints, uid, topic, token, signal);
  const number = numberToDo(book, numberOf(run));
  const frontier = run.isFrontierInTarget
    ? await targetFrontier(sink as Parameters<typeof targetFrontier>[0], stream, token, FRONTIER_START, signal)
    : await storedFrontier(deps.checkpoints, uid, stream, token, FRONTIER_START, signal);
  const onlyParked = redriveReorders(config, run.route) && !connector.redrive?.allowReordering;
  const name = guarantee.namesDeadLetters ? { producerName: redriveLettersName(uid, topic) } : {};
  const batch: Lane['batch'] = {
    topic: stream,
    order: 'key',
    route: run.route,
    consumer: ACKNOWLEDGED_LATER,
    frontier,
    deadLetters: new DeadLetters({ session, topic: letterTopic, uid, signal, ...name }),
    book: redriveLetters(book, letterTopic, { redrive: number, onlyParked }),
    maxRetries: config.maxMessageRetries,
    isRedrive: true,
    counters: run.counters,
    signal,
  };
  const through = await throughOf(book, number, end);
  return {
    topic,
    number,
    book,
    batch,
    pipeline: run.redrivePipeline(),
    through,
    reader: new RecordReader(letterTopic, frontier.current),
    left: new Set(),
  };
};

/** Where a redrive ends is written down before it begins: a run that goes on with it sends nothing back that it appended. */
const throughOf = async (book: OpenBook, number: number, end: End): Promise<MessageIdParts> => {
  const { redriving, redriven = 0 } = book.content;
  if (redriving?.number === number) return redriving.through;
  if (redriven < number) await book.change({ redriving: { number, ...end } });
  return end.through;
};

/** Letters lie among those of others: they are acknowledged one by one, when their page is settled. */
const ACKNOWLEDGED_LATER: SinkBatch['consumer'] = {
  ackCumulative: async () => undefined,
  ackIndividual: async () => undefined,
};

interface Reading {
  readonly from: MessageIdParts | undefined;
  readonly last: MessageIdParts;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly keeper: MessagingConsumer;
}

/** Reads all letters that are kept, to the end: false when the run was asked to stop before. */
const readLetters = async (run: SinkRun, topic: string, reading: Reading): Promise<boolean> => {
  const { session, control } = run;
  const { from, last } = reading;
  const reader = await session.consumer({
    topic,
    subscription: `pulsar-io-redrive.${run.connector.uid}.${run.deps.newRunId()}`,
    subscriptionType: 'Exclusive',
    initialPosition: 'Earliest',
    receiverQueueSize: 1_000,
    durable: false,
    startMessageId: from && from.ledgerId >= 0 ? atEntry(from) : { ledgerId: -1, entryId: -1, batchIndex: -1 },
    startInclusive: false,
    signal: control.signal,
  });
  for (let isAtEnd = false; !isAtEnd; ) {
    if (control.isStopping) return false;
    const options = { maxMessages: PAGE_LETTERS, lingerMs: 0, waitMs: RECEIVE_WAIT_MS, signal: control.signal };
    const page = await reader.receiveBatch(options).catch((cause: unknown) => {
      throw routeFailure(cause, `reading ${topic}`);
    });
    await sendBack(run, page, reading);
    const end = page.at(-1)?.messageId;
    isAtEnd = end !== undefined && compareMessageIds(atEntry(end), atEntry(last)) >= 0;
  }
  await reader.close();
  return true;
};

/** Sends back what is asked for of a page, lane by lane; notes the keys of what is not. */
const sendBack = async (run: SinkRun, page: readonly IncomingMessage[], { lanes, keeper }: Reading): Promise<void> => {
  const asked = new Map<Lane, IncomingMessage[]>();
  const foreign: MessageIdParts[] = [];
  for (const message of page) {
    const { properties, messageId, key } = message;
    const lane = lanes.get(properties[LETTER.realTopic] ?? '');
    if (properties[LETTER.uid] !== run.connector.uid) foreign.push(atEntry(messageId));
    else if (lane && compareMessageIds(messageId, lane.through) > 0) lane.left.add(keyHash(key ?? ''));
    else if (lane) asked.set(lane, [...(asked.get(lane) ?? []), message]);
  }
  if (foreign.length > 0) await keeper.ackIndividual(foreign);
  for (const [lane, messages] of asked) await settleLetters(run, lane, messages, keeper);
};

const settleLetters = async (
  run: SinkRun,
  lane: Lane,
  messages: readonly IncomingMessage[],
  keeper: MessagingConsumer,
): Promise<void> => {
  const { pipeline, reader } = lane;
  const records = reader.toRecords(messages).map((record) => ({ record, attempts: 0, original: originalOf(record) }));
  const batch: SinkBatch = { ...lane.batch, records };
  if (records.length > 0) await settle(batch, pipeline, run);
  const [first] = pending(batch);
  if (first) lane.through = justBefore(first.record.messageId);
  const isThrough = ({ messageId }: IncomingMessage) => compareMessageIds(messageId, lane.through) <= 0;
  for (const { key } of messages.filter((message) => !isThrough(message))) lane.left.add(keyHash(key ?? ''));
  await keeper.ackIndividual(messages.filter(isThrough).map(({ messageId }) => messageId));
};

const justBefore = (id: MessageIdParts): MessageIdParts => ({ ...id, batchIndex: id.batchIndex - 1 });

/** Keys are free of which no letter is left, and none was appended by this redrive. */
const finish = async ({ book, left, number }: Lane): Promise<void> => {
  const kept = Object.entries(book.content.parked ?? {}).filter(
    ([key, redriven]) => left.has(key) || redriven === number,
  );
  await book.change({ redriven: number, parked: Object.fromEntries(kept) });
};
