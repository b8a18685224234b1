import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { aborted } from '../abort.ts';
import { destroy } from '../jdbc/postgres/connect.ts';
import { formatLsn } from './position.ts';

/** What the server sent: a message of the plug-in, or how far it has read the log, having sent all that it found for us there. */
export type StreamEvent =
  | { readonly type: 'data'; readonly lsn: bigint; readonly bytes: Buffer }
  | { readonly type: 'alive'; readonly end: bigint };

/** What of `pg` the replication protocol needs: its type declarations leave it out. */
interface RawConnection {
  readonly stream: {
    pause(): void;
    resume(): void;
    once(event: 'close', then: () => void): void;
    readonly destroyed: boolean;
  };
  on(event: string, listener: (message: { readonly chunk: Buffer }) => void): void;
  once(event: string, listener: () => void): void;
  sendCopyFromChunk(bytes: Buffer): void;
  end(): void;
}

/** More than this is not taken from the socket before what is there was taken from us. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** The server hears of us this often; it frees the slot of a reader that is silent for ten seconds. */
const STATUS_MS = 1_000;
/** How long we wait for more before we ask how far the server is, in milliseconds. */
const ASK_MS = 50;
const CLOSE_MS = 2_000;
const EPOCH_US = 946_684_800_000_000n;

/** What is read. */
export interface StreamOptions {
  readonly slot: string;
  readonly publication: string;
  readonly from: bigint;
  /** Whether messages that were written into the log are sent, too. */
  readonly withMessages: boolean;
}

/**
 * One reading of a slot (PostgreSQL documentation, "Streaming Replication Protocol"). The slot keeps what was not acknowledged, and nothing is acknowledged but by
 * {@link acknowledge}: the status that the server is sent every second says nothing of it.
 */
export class ReplicationStream {
  readonly #client: Client;
  readonly #connection: RawConnection;
  readonly #timer: NodeJS.Timeout;
  #events: StreamEvent[] = [];
  #bytes = 0;
  #flushed = 0n;
  #received = 0n;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  private constructor(client: Client) {
    this.#client = client;
    this.#connection = (client as unknown as { connection: RawConnection }).connection;
    this.#connection.on('copyData', ({ chunk }) => this.#take(chunk));
    this.#timer = setInterval(() => this.#tell(false), STATUS_MS);
  }

  /** Begins to read with `client`, which is the stream's from then on. Throws what the server says against it. */
  static async start(client: Client, options: StreamOptions, signal: AbortSignal): Promise<ReplicationStream> {
    const stream = new ReplicationStream(client);
    const started = Promise.withResolvers<void>();
    stream.#connection.once('replicationStart', () => started.resolve());
    const ended = client.query(startSql(options)).then(
      () => new Error('the server ended the replication'),
      (error: unknown) => error,
    );
    void ended.then((error) => {
      started.reject(error);
      stream.#fail(error);
    });
    client.once('end', () => stream.#fail(new Error('the connection ended')));
    const onAbort = () => stream.#fail(aborted(signal, 'reading the replication slot'));
    signal.addEventListener('abort', onAbort, { once: true });
    void ended.then(() => signal.removeEventListener('abort', onAbort));
    try {
      await Promise.race([started.promise, stream.#failed()]);
      stream.#tell(true);
      return stream;
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  /** All that came since; waits for it. Throws when the stream ended. */
  async next(): Promise<readonly StreamEvent[]> {
    while (this.#events.length === 0) {
      if (this.#end) throw this.#end.error;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(() => this.#tell(true), ASK_MS);
      await promise;
      clearTimeout(timer);
    }
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    this.#connection.stream.resume();
    return events;
  }

  /** Tells the server that it may forget what lies before `lsn`. */
  acknowledge(lsn: bigint): void {
    if (lsn <= this.#flushed) return;
    this.#flushed = lsn;
    this.#tell(false);
  }

  /** Ends the reading; when it resolves, the slot is free as far as it lies with us. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { stream } = this.#connection;
    if (stream.destroyed) return;
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    stream.resume();
    this.#connection.end();
    const late = new AbortController();
    await Promise.race([closed, sleep(CLOSE_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    destroy(this.#client);
  }

  #failed(): Promise<never> {
    return new Promise((_, reject) => {
      const look = () => (this.#end ? reject(this.#end.error) : undefined);
      this.#wake = look;
      look();
    });
  }

  #fail(error: unknown): void {
    this.#end ??= { error };
    clearInterval(this.#timer);
    this.#wake?.();
  }

  #take(chunk: Buffer): void {
    const isData = chunk[0] === 0x77; // w
    if (isData) this.#push({ type: 'data', lsn: chunk.readBigUInt64BE(1), bytes: Buffer.from(chunk.subarray(25)) });
    else if (chunk[0] === 0x6b) {
      const end = chunk.readBigUInt64BE(1);
      this.#received = end;
      if (chunk[17] === 1) this.#tell(false);
      this.#push({ type: 'alive', end });
    }
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_QUEUED_BYTES) this.#connection.stream.pause();
    this.#wake?.();
  }

  #push(event: StreamEvent): void {
    const last = this.#events.at(-1);
    if (event.type === 'alive' && last?.type === 'alive') this.#events.pop();
    this.#events.push(event);
  }

  /** Standby status update: written, flushed and applied up to there. */
  #tell(isAnswerWanted: boolean): void {
    if (this.#end || this.#connection.stream.destroyed) return;
    const status = Buffer.alloc(34);
    status[0] = 0x72; // r
    status.writeBigUInt64BE(this.#received, 1);
    status.writeBigUInt64BE(this.#flushed, 9);
    status.writeBigUInt64BE(this.#flushed, 17);
    status.writeBigInt64BE(BigInt(Date.now()) * 1_000n - EPOCH_US, 25);
    status[33] = isAnswerWanted ? 1 : 0;
    this.#connection.sendCopyFromChunk(status);
  }
}

const startSql = ({ slot, publication, from, withMessages }: StreamOptions): string => {
  const names = `"${publication.replaceAll('"', '""')}"`.replaceAll("'", "''");
  const messages = withMessages ? ", messages 'true'" : '';
  return `START_REPLICATION SLOT "${slot}" LOGICAL ${formatLsn(from)} (proto_version '1', publication_names '${names}'${messages})`;
};
