import { randomUUID } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { Check } from '@sinclair/typebox/value';
import type { FrontierRow } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type Frontier, isSameFrontier } from '../../core/frontier.ts';
import { compareTokens, type Token } from '../../core/token.ts';
import { fenced } from '../fenced.ts';
import type { ConditionalObjects, PutCondition } from './conditional-objects.ts';

/** Folder of our frontiers, beside the data; programs that read folders of data pass over names that begin with an underscore. */
export const CHECKPOINT_FOLDER = '_pulsar_io_checkpoint';

const integer = Type.Integer();
const frontier = Type.Object({ ledgerId: integer, entryId: integer, batchIndex: integer, version: integer });
const stored = Type.Object({
  token: Type.Object({ generation: integer, epoch: integer }),
  frontier,
  /** Name of the object that may be written from this frontier on: the only one. */
  object: Type.Optional(Type.String()),
  /** Of this write: makes its entity tag unique, and tells a lost answer from another's write. */
  writeId: Type.String(),
});
type Stored = Static<typeof stored>;

/** Metadata of every object of ours. */
const FRONTIER = 'pulsar-io-frontier';
const WRITE_ID = 'pulsar-io-write-id';

/** What of {@link ConditionalObjects} a frontier needs. */
export type Objects = Pick<ConditionalObjects, 'get' | 'metadata' | 'put' | 'name'>;

/** An object that a frontier moves with. */
export interface NextObject {
  readonly key: string;
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly acl: string | undefined;
}

/**
 * The frontier of one topic-partition as an object that is changed under the condition that it is the one that was read (`If-Match`). An object with data is announced
 * in it first, then put where nothing is yet (`If-None-Match`) with the frontier behind it in its metadata, then the frontier moves. So at most one object is beyond a
 * stored frontier, its name is known, and it exists once or not at all.
 */
export class FrontierObject {
  readonly #objects: Objects;
  readonly #key: string;
  readonly #topic: string;
  #held: (Stored & { readonly etag: string }) | undefined;

  constructor(objects: Objects, uid: string, topic: string) {
    this.#objects = objects;
    this.#key = `${CHECKPOINT_FOLDER}/${uid}/${encodeURIComponent(topic)}.json`;
    this.#topic = topic;
  }

  /** See `TransactionalSink.fence`. */
  async fence(token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    this.#held = undefined;
    // Whoever is in the way makes progress, so this ends.
    for (;;) {
      const found = await this.#read(signal);
      if (found && compareTokens(found.token, token) >= 0)
        throw fenced(this.#topic, token, 'a run with a newer or the same token was here');
      const reached = found ? await this.#reached(found, signal) : initial;
      const condition: PutCondition = found ? { etag: found.etag } : { absent: true };
      if (await this.#store({ token, frontier: reached }, condition, signal)) return { token, frontier: reached };
    }
  }

  /** Throws `PIO_FENCED` unless this run fenced with `token` and is at `from`. */
  require(token: Token, from: Frontier): void {
    const held = this.#held;
    if (!held) throw fenced(this.#topic, token, 'it did not fence, or failed since');
    if (compareTokens(held.token, token) !== 0 || !isSameFrontier(held.frontier, from))
      throw fenced(this.#topic, token, 'its token or frontier is not the stored one');
  }

  /** Moves to `to`, together with an object where there is one. Throws `PIO_FENCED` when a newer run took over; whatever it throws, only a fence tells where we are. */
  async move(to: Frontier, next: NextObject | undefined, signal: AbortSignal): Promise<void> {
    const held = this.#held as Stored & { readonly etag: string };
    this.#held = undefined;
    let { etag } = held;
    if (next) {
      etag = await this.#change({ token: held.token, frontier: held.frontier, object: next.key }, etag, signal);
      const writeId = await this.#putOnce(next, to, signal);
      if (writeId !== undefined) throw fenced(this.#topic, held.token, `another run wrote ${next.key}`);
    }
    await this.#change({ token: held.token, frontier: to }, etag, signal);
  }

  /** Undefined: the object is ours; else who wrote the one that is there. */
  async #putOnce({ key, bytes, ...more }: NextObject, to: Frontier, signal: AbortSignal): Promise<string | undefined> {
    const writeId = randomUUID();
    const metadata = { [FRONTIER]: JSON.stringify(to), [WRITE_ID]: writeId };
    if ((await this.#objects.put(key, bytes, { ...more, metadata, condition: { absent: true } }, signal)) !== undefined)
      return undefined;
    const there = (await this.#objects.metadata(key, signal))?.[WRITE_ID] ?? 'nobody';
    return there === writeId ? undefined : there;
  }

  /**
   * Where a predecessor came to. What it announced exists, and tells; or it does not, and then never may: whoever still tries to put it finds an empty object in its place.
   */
  async #reached({ frontier: from, object }: Stored, signal: AbortSignal): Promise<Frontier> {
    if (object === undefined) return from;
    const before = await this.#objects.metadata(object, signal);
    if (before) return frontierOf(before, object);
    const empty = { key: object, bytes: Buffer.alloc(0), contentType: 'application/octet-stream', acl: undefined };
    if ((await this.#putOnce(empty, from, signal)) === undefined) return from;
    return frontierOf((await this.#objects.metadata(object, signal)) ?? {}, object);
  }

  async #change(next: Omit<Stored, 'writeId'>, etag: string, signal: AbortSignal): Promise<string> {
    if (await this.#store(next, { etag }, signal)) return (this.#held as unknown as { etag: string }).etag;
    throw fenced(this.#topic, next.token, 'somebody changed the stored frontier');
  }

  /** False: the condition does not hold. */
  async #store(next: Omit<Stored, 'writeId'>, condition: PutCondition, signal: AbortSignal): Promise<boolean> {
    const content: Stored = { ...next, writeId: randomUUID() };
    const bytes = Buffer.from(JSON.stringify(content));
    const options = { condition, contentType: 'application/json' };
    const etag = await this.#objects.put(this.#key, bytes, options, signal);
    if (etag !== undefined) {
      this.#held = { ...content, etag };
      return true;
    }
    const found = await this.#read(signal);
    if (found?.writeId !== content.writeId) return false;
    this.#held = found;
    return true;
  }

  async #read(signal: AbortSignal): Promise<(Stored & { readonly etag: string }) | undefined> {
    const found = await this.#objects.get(this.#key, signal);
    if (!found) return undefined;
    const content = parsed(found.text);
    if (Check(stored, content)) return { ...content, etag: found.etag };
    throw new PulsarIoError('PIO_FRONTIER_STALE', `${this.#objects.name}: ${this.#key} is no frontier of ours`);
  }
}

const parsed = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
};

const frontierOf = (metadata: Readonly<Record<string, string>>, key: string): Frontier => {
  const found = parsed(metadata[FRONTIER]);
  if (Check(frontier, found)) return found;
  throw new PulsarIoError(
    'PIO_FRONTIER_STALE',
    `${key} has the name of an object of ours, but was written by someone else`,
  );
};
