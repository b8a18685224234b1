import { describe, expect, test } from '@jest/globals';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { untilShown } from '../contracts/until-shown.ts';
import type { Cloud } from './cloud/index.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import { inputRecord } from './growing-file.ts';
import { type Letter, publishTexts, readTopic } from './trouble-topic.ts';
import { newTopic, sinkConfig, startTroubledCloud, Table, until, untilDrained, upTo } from './trouble-world.ts';

const LIMIT_MS = 480_000;
const SINK = 'letters';
const KEYS = 20;
const RUN_SETTINGS = { runSettings: { maxBatchRecords: 50 } };
/** How often the target changes its mind about records without a key. */
const MOOD_MS = 150;

/** Every fifth record has no key. */
const keyOf = (n: number): string | undefined => (n % 5 === 4 ? undefined : `k${n % KEYS}`);

/** Refuses the keys of its two moods from their third record on, and records without a key now and then. */
const MOODY = `CREATE TABLE arrived (id TEXT, n INTEGER, text TEXT);
  CREATE TABLE mood (refused TEXT);
  INSERT INTO mood VALUES ('first'), ('second');
  CREATE TRIGGER refuse BEFORE INSERT ON arrived
  WHEN EXISTS (SELECT 1 FROM mood WHERE refused = CASE
    WHEN new.n % 5 = 4 THEN 'unkeyed'
    WHEN new.n >= 40 AND new.n % ${KEYS} = 3 THEN 'first'
    WHEN new.n >= 40 AND new.n % ${KEYS} = 7 THEN 'second' END)
  BEGIN SELECT RAISE(ABORT, 'not these'); END`;

/** A target that takes now and then what it refused. */
class MoodyTable extends Table {
  readonly #changing: NodeJS.Timeout;

  constructor() {
    super(MOODY);
    let refuses = false;
    this.#changing = setInterval(() => {
      refuses = !refuses;
      if (refuses) this.database.exec("INSERT INTO mood VALUES ('unkeyed')");
      else this.accept('unkeyed');
    }, MOOD_MS);
  }

  accept(mood: 'first' | 'second' | 'unkeyed'): void {
    this.database.prepare('DELETE FROM mood WHERE refused = ?').run(mood);
  }

  /** The operator mends all. */
  mend(): void {
    clearInterval(this.#changing);
    this.database.exec('DELETE FROM mood');
  }

  override [Symbol.dispose](): void {
    clearInterval(this.#changing);
    super[Symbol.dispose]();
  }
}

const ask = async (cloud: Cloud, method: 'GET' | 'POST', query = ''): Promise<unknown> => {
  const response = await fetch(`${cloud.url}/admin/v3/sinks/public/default/${SINK}/dead-letters${query}`, { method });
  if (!response.ok) throw new Error(`${method} dead-letters: ${response.status} ${await response.text()}`);
  return response.json();
};

const heldBy = async (cloud: Cloud): Promise<number> =>
  ((await ask(cloud, 'GET', '?max=1')) as { topics: { count: number }[] }).topics[0]?.count ?? 0;

/** What became of the records of each key, seen by a reader of the target. */
const judge = (rows: readonly number[], total: number) => {
  const firsts = [...new Set(rows)];
  const strays = upTo(KEYS).filter((key) => {
    const of = (all: readonly number[]) => all.filter((n) => n % KEYS === key);
    const isRising = of(firsts).every((n, index, all) => index === 0 || n > (all[index - 1] as number));
    return keyOf(key) !== undefined && !(isRising && of(rows).at(-1) === of(upTo(total)).at(-1));
  });
  return {
    lost: upTo(total).filter((n) => !firsts.includes(n)),
    repeated: rows.length - firsts.length,
    disorderedKeys: strays,
  };
};

/** Letters that one producer published twice: a letter that fails again is published by another. */
const repeatedLetters = (letters: readonly Letter[]): string[] => {
  const names = letters.map(({ producer, properties }) => `${producer} ${properties.ORIGIN_MESSAGE_ID}`);
  return names.filter((name, index) => names.indexOf(name) !== index);
};

interface LetterDelivery {
  readonly guarantee: Guarantee;
  readonly ordering: object;
  readonly killChance: number;
}

const deliverWithLetters = async (broker: BrokerAddress, { guarantee, ordering, killChance }: LetterDelivery) => {
  const seed = Math.ceil(Math.random() * 1e6);
  await using cloud = await startTroubledCloud(broker, {
    ...RUN_SETTINGS,
    chaos: { killChance, maxKills: 1_000, seed },
  });
  using table = new MoodyTable();
  const [topic, deadLetterTopic] = [newTopic(), newTopic()];
  const more = { processingGuarantees: guarantee, maxMessageRetries: 1, deadLetterTopic, ...ordering };
  await cloud.create('sink', SINK, sinkConfig(table, topic, more));
  let total = 0;
  const kills: number[] = [];
  const publish = async (count: number) => {
    const numbers = upTo(count).map((n) => n + total);
    total += count;
    const texts = numbers.map((n) => JSON.stringify(inputRecord(n)));
    await publishTexts(broker.serviceUrl, topic, texts, (index) => keyOf(numbers[index] as number));
    await untilDrained(broker, topic, SINK, LIMIT_MS);
    kills.push((await cloud.state()).killed);
  };
  await publish(240);
  const letters = await readTopic(broker.serviceUrl, deadLetterTopic);
  const inBoth = letters.map(({ text }) => JSON.parse(text).n as number).filter((n) => table.read().includes(n));
  table.accept('first');
  await ask(cloud, 'POST', '?allowReordering=true');
  await publish(80);
  await until('the first key is written', () => table.read().includes(303));
  table.mend();
  await ask(cloud, 'POST', '?allowReordering=true');
  await publish(80);
  await until('no letter is left', async () => (await heldBy(cloud)) === 0, LIMIT_MS);
  await publish(40);
  const { status } = (await cloud.status('sink', SINK)).instances[0];
  const all = await readTopic(broker.serviceUrl, deadLetterTopic);
  const result = {
    ...judge(table.read(), total),
    lettersWritten: inBoth,
    repeatedLetters: repeatedLetters(all),
    countedTwice: status.numWrittenToSink > total || status.details.numDeadLettered > all.length,
  };
  process.stderr.write(`letters, ${guarantee}: ${JSON.stringify({ seed, kills, letters: all.length, result })}\n`);
  return { ...result, killed: (kills.at(-1) ?? 0) > 0, moved: letters.length > 10 };
};

const EXACT = { lost: [], disorderedKeys: [], killed: true, moved: true };

/** Whether a delivery had its kills, or is wrong without any: one that neither is shows nothing. */
const showsSomething =
  ({ guarantee }: LetterDelivery) =>
  ({ killed, lost, disorderedKeys, repeated }: Awaited<ReturnType<typeof deliverWithLetters>>): boolean =>
    killed || lost.length + disorderedKeys.length > 0 || (guarantee === 'EFFECTIVELY_ONCE' && repeated > 0);

/** Dead letters, parked keys and two redrives, the first into a target that is mended by half, with runs killed around every call. */
export const letterTroubles = (name: string, brokerOf: () => BrokerAddress): void =>
  describe(`dead letters and redrive with kills: ${name}`, () => {
    test(
      'EFFECTIVELY_ONCE: every record once in the target, each key in order, every letter once',
      async () => {
        const delivery = {
          guarantee: 'EFFECTIVELY_ONCE',
          ordering: { retainOrdering: true },
          killChance: 0.01,
        } as const;
        const found = await untilShown(() => deliverWithLetters(brokerOf(), delivery), showsSomething(delivery));
        const once = { repeated: 0, lettersWritten: [], repeatedLetters: [], countedTwice: false };
        expect(found).toEqual({ ...EXACT, ...once });
      },
      LIMIT_MS,
    );

    test(
      'ATLEAST_ONCE: no record is lost, and a key ends with its last record',
      async () => {
        const delivery = {
          guarantee: 'ATLEAST_ONCE',
          ordering: { retainKeyOrdering: true },
          killChance: 0.015,
        } as const;
        const found = await untilShown(() => deliverWithLetters(brokerOf(), delivery), showsSomething(delivery));
        expect(found).toMatchObject(EXACT);
      },
      LIMIT_MS,
    );
  });
