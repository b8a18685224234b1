import { type Static, Type } from '@sinclair/typebox';
import { strictObject } from '../config.ts';

/**
 * Where a file was read up to, and what it held there. All of it is a pure function of the bytes before `offset`, so that reading again gives equal positions, and
 * that a file which was truncated, replaced or edited is noticed.
 */
export const filePosition = strictObject({
  offset: Type.Integer({ minimum: 0, description: 'First byte after the record.' }),
  ordinal: Type.Integer({ minimum: 0, description: 'Lines (csv: rows without the header) up to here.' }),
  head: Type.Integer({ description: 'Checksum of the first bytes of the file, at most up to `offset`.' }),
  tail: Type.Integer({ description: 'Checksum of the bytes right before `offset`.' }),
});

/** A position of the file source. */
export type FilePosition = Static<typeof filePosition>;

/** How many bytes at the beginning of a file `head` covers at most. */
export const HEAD_BYTES = 4_096;
/** How many bytes before `offset` the checksum `tail` covers at most. */
export const TAIL_BYTES = 32;

/** FNV-1a of `buffer[start, end)`, 32 bits. */
export const checksum = (buffer: Buffer, start: number, end: number): number => {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (buffer[i] as number), 0x01000193);
  return hash >>> 0;
};

/** The first bytes of a file as they become known, and their checksum up to any offset. */
export class Head {
  readonly #bytes = Buffer.alloc(HEAD_BYTES);
  #known = 0;
  #whole: number | undefined;

  /** Takes what of `buffer[0, length)`, which lies at `offset` of the file, belongs to the head and was not known yet. */
  extend(offset: number, buffer: Buffer, length: number): void {
    if (this.#known === HEAD_BYTES || offset > this.#known) return;
    const end = Math.min(HEAD_BYTES, offset + length);
    if (end <= this.#known) return;
    buffer.copy(this.#bytes, this.#known, this.#known - offset, end - offset);
    this.#known = end;
  }

  /** Checksum of the first bytes, at most up to `offset`; they must be known. */
  at(offset: number): number {
    if (offset < HEAD_BYTES) return checksum(this.#bytes, 0, offset);
    this.#whole ??= checksum(this.#bytes, 0, HEAD_BYTES);
    return this.#whole;
  }
}
