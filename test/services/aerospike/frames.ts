import type { Socket } from 'node:net';

/** Type of a frame (Aerospike's `proto.h`). */
export const FRAME = { info: 1, admin: 2, message: 3 } as const;

/** What comes over a connection: a version, a type, 48 bits of length, and that many bytes. */
export interface Frame {
  readonly type: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 8;
const VERSION = 2;
const MAX_BODY_BYTES = 16 << 20;

/** A frame as it is sent. */
export const frameOf = (type: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt8(type, 1);
  header.writeUIntBE(body.length, 2, 6);
  return Buffer.concat([header, body]);
};

/** Hands over each frame of a connection. One that is no frame of ours, or is too large, ends it. */
export const onFrames = (socket: Socket, take: (frame: Frame) => void): void => {
  let chunks: Buffer[] = [];
  let held = 0;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= HEADER_BYTES) {
      const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const length = all.readUIntBE(2, 6);
      chunks = [all];
      if (all[0] !== VERSION || length > MAX_BODY_BYTES) return void socket.destroy();
      if (held < HEADER_BYTES + length) return;
      take({ type: all[1] as number, body: all.subarray(HEADER_BYTES, HEADER_BYTES + length) });
      chunks = [all.subarray(HEADER_BYTES + length)];
      held -= HEADER_BYTES + length;
    }
  });
};
