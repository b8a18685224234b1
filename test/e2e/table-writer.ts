/**
 * A process that changes the table `items` until its input ends: writers with keys of their own, side by side, in transactions of one to hundreds of changes of
 * which some are rolled back. At the end it prints what each writer did and committed, in order, as JSON. `PIO_WRITER` says with what.
 */
import pg from 'pg';

/** What the process is told. */
export interface WriterOptions {
  readonly client: pg.ClientConfig;
  readonly writers: number;
  readonly pauseMs: number;
  readonly seed: number;
}

const KEYS = 60;

const randomFrom = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
};

let isOver = false;

const write = async ({ client: config, writers, pauseMs, seed }: WriterOptions, writer: number) => {
  const client = new pg.Client(config);
  await client.connect();
  const random = randomFrom(seed + writer);
  let rows = new Map<number, number>();
  const done: string[] = [];
  let n = 0;
  const key = () => random(KEYS) * writers + writer;
  const change = async (made: string[]) => {
    n += 1;
    const [k, to] = [key(), key()];
    const old = rows.get(k);
    if (old === undefined) {
      await client.query('INSERT INTO items VALUES ($1, $2, $3)', [k, n, 'x'.repeat(random(300))]);
      made.push(`c ${k} ${n}`);
      rows.set(k, n);
    } else if (random(5) === 0) {
      await client.query('DELETE FROM items WHERE k = $1', [k]);
      made.push(`d ${k} ${old}`);
      rows.delete(k);
    } else if (random(8) === 0 && !rows.has(to)) {
      await client.query('UPDATE items SET k = $1, n = $2 WHERE k = $3', [to, n, k]);
      made.push(`d ${k} ${old}`, `c ${to} ${n}`);
      rows.delete(k);
      rows.set(to, n);
    } else {
      await client.query('UPDATE items SET n = $1 WHERE k = $2', [n, k]);
      made.push(`u ${k} ${n}`);
      rows.set(k, n);
    }
  };
  while (!isOver) {
    const before = new Map(rows);
    const made: string[] = [];
    await client.query('BEGIN');
    for (let left = random(10) === 0 ? 300 : 1 + random(12); left > 0; left--) await change(made);
    const isKept = random(10) > 0;
    await client.query(isKept ? 'COMMIT' : 'ROLLBACK');
    if (isKept) done.push(...made);
    else rows = before;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const last = -1 - writer;
  await client.query('INSERT INTO items VALUES ($1, 0, $2)', [last, 'last']);
  await client.end();
  return [...done, `c ${last} 0`];
};

if (process.env.PIO_WRITER !== undefined) {
  process.stdin.resume().once('end', () => {
    isOver = true;
  });
  const options = JSON.parse(process.env.PIO_WRITER) as WriterOptions;
  const all = await Promise.all(Array.from({ length: options.writers }, (_, writer) => write(options, writer)));
  process.stdout.write(JSON.stringify(all));
}
