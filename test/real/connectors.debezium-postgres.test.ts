import { expect, test } from '@jest/globals';
import type { Position } from '../../src/core/position.ts';
import { changeOf } from '../connectors/change-of.ts';
import { changingDatabase, debezium } from '../connectors/changing-database.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { describeReal, usePostgres } from '../services/index.ts';

const running = () => new AbortController().signal;
const NEVER = { 'snapshot.mode': 'never' };

describeReal('debezium-postgres on a real server', ['postgres'], () => {
  /** Rows before the slot are a snapshot, rows after it changes: positions in both, and across. */
  const filled = async () => {
    const database = await changingDatabase(usePostgres());
    await database.query("INSERT INTO items SELECT n, 'row ' || n FROM generate_series(1, 4) n");
    const pin = await database.begin();
    await database.query("INSERT INTO items SELECT n, 'row ' || n FROM generate_series(5, 8) n");
    await database.query("UPDATE items SET v = v || '!' WHERE k IN (2, 5)");
    await database.query('UPDATE items SET k = 100 WHERE k = 3; DELETE FROM items WHERE k = 4');
    return { ...database, pin };
  };

  sourceContract('debezium-postgres', async () => {
    const { pin, ...database } = await filled();
    const open = async () => {
      const source = await database.open({ 'tombstones.on.delete': true });
      const read: typeof source.read = (partition, from, signal) => source.read(partition, from ?? pin, signal);
      return Object.assign(Object.create(source) as typeof source, {
        partitions: () => source.partitions(running()),
        async *read(...of: Parameters<typeof read>) {
          for await (const page of read(...of)) {
            const records = page.filter(({ isMark }) => !isMark);
            if (records.length > 0) yield records;
          }
        },
        close: () => source.close(),
      });
    };
    const source = await open();
    const texts = (await readAll(source, 'changes')).map(textOf);
    await source.close();
    return {
      type: debezium,
      open,
      partition: 'changes',
      texts,
      grow: async () => {
        await database.query("INSERT INTO items VALUES (9, 'nine'), (10, 'ten')");
        const later = await open();
        const all = (await readAll(later, 'changes')).map(textOf);
        await later.close();
        return all.slice(-2);
      },
      dispose: database.dispose,
    };
  });

  test('names a topic for each table where a namespace is given, as Debezium would', async () => {
    const database = await changingDatabase(usePostgres());
    await database.query('CREATE TABLE "order lines" (id integer PRIMARY KEY)');
    const pin = await database.begin(NEVER);
    await database.query('INSERT INTO items VALUES (1); INSERT INTO "order lines" VALUES (2)');
    const source = await database.open({ ...NEVER, 'topic.namespace': 'tenant/ns' });
    const records = (await readAll(source, 'changes', pin)).filter(({ isMark }) => !isMark);
    expect(records.map(({ key, destinationTopic }) => [key, destinationTopic])).toEqual([
      ['{"k":1}', 'persistent://tenant/ns/test.public.items'],
      ['{"id":2}', 'persistent://tenant/ns/test.public.order_lines'],
    ]);
    await source.close();
    await database.dispose();
  });

  test('gives what the tables held, then each change in the order of the commits, as Debezium writes them', async () => {
    const { pin, ...database } = await filled();
    const source = await database.open({ 'tombstones.on.delete': true });
    const records = (await readAll(source, 'changes', pin)).filter(({ isMark }) => !isMark);
    expect(records.map(changeOf)).toEqual([
      ...[1, 2, 3, 4].map((k) => `r null {"k":${k},"v":"row ${k}"}`),
      ...[5, 6, 7, 8].map((k) => `c null {"k":${k},"v":"row ${k}"}`),
      'u null {"k":2,"v":"row 2!"}',
      'u null {"k":5,"v":"row 5!"}',
      'd {"k":3,"v":null} null',
      'tombstone {"k":3}',
      'c null {"k":100,"v":"row 3"}',
      'd {"k":4,"v":null} null',
      'tombstone {"k":4}',
    ]);
    expect(records[0]).toMatchObject({ key: '{"k":1}', properties: { 'debezium.topic': 'test.public.items' } });
    expect(JSON.parse(textOf(records[4] as never)).source).toMatchObject({
      connector: 'postgresql',
      name: 'test',
      db: database.configs['database.dbname'],
      schema: 'public',
      table: 'items',
      snapshot: 'false',
    });
    await source.close();
    await database.dispose();
  });

  test('lets the slot forget what is settled, and nothing else', async () => {
    const database = await changingDatabase(usePostgres());
    const pin = await database.begin(NEVER);
    const before = await database.confirmed();
    await database.query("INSERT INTO items VALUES (1, 'a'); INSERT INTO items VALUES (2, 'b')");
    const source = await database.open(NEVER);
    const [first] = await readAll(source, 'changes', pin);
    expect(await database.confirmed()).toBe(before);
    const { position, sequence } = first as { position: Position; sequence: number };
    await source.committed?.('changes', { position, sequence }, running());
    await source.close();
    expect(await database.confirmed()).toBe(position.lsn);
    const next = await database.open(NEVER);
    expect((await readAll(next, 'changes', position)).map(changeOf)).toEqual(['c null {"k":2,"v":"b"}']);
    await next.close();
    await database.dispose();
  });
});
