import { type Command, decodeCommand, sizeCommand } from './command-codec.ts';
import type { CommandInput, CommandName } from './commands.ts';
import { ProtocolError } from './protocol-error.ts';
import { Writer } from './writer.ts';

/** Largest message a broker takes unless CONNECTED.max_message_size says otherwise. */
export const DEFAULT_MAX_MESSAGE_BYTES = 5 * 1024 * 1024;
/** Room that a frame has for its command and metadata beyond the largest message (Commands.MESSAGE_SIZE_FRAME_PADDING). */
export const FRAME_PADDING_BYTES = 10 * 1024;

/** Commands that are followed by headers and payload. */
export type PayloadCommandName = 'SEND' | 'MESSAGE';

/** One decoded frame. */
export interface Frame {
  readonly command: Command;
  /** Of SEND and MESSAGE: everything after the command, as stored by the broker; a view of the frame. */
  readonly headersAndPayload: Buffer | undefined;
}

/** A whole frame without payload: `[totalSize][commandSize][BaseCommand]`. */
export function encodeCommand<N extends CommandName>(type: N, fields: CommandInput<N>): Buffer {
  return encodeHead(type, fields, 0);
}

/**
 * A frame of SEND or MESSAGE around bytes that `encodePayload` made or that a broker stored. Two buffers, so that the payload
 * is not copied; write them one after the other.
 */
export function encodePayloadCommand<N extends PayloadCommandName>(
  type: N,
  fields: CommandInput<N>,
  headersAndPayload: Uint8Array,
): [Buffer, Uint8Array] {
  return [encodeHead(type, fields, headersAndPayload.length), headersAndPayload];
}

/** What comes before `payloadSize` bytes of headers and payload in a frame of SEND or MESSAGE, or a whole frame without them. */
export function encodeHead<N extends CommandName>(type: N, fields: CommandInput<N>, payloadSize: number): Buffer {
  const command = sizeCommand(type, fields);
  const head = Buffer.allocUnsafe(8 + command.size);
  head.writeUInt32BE(4 + command.size + payloadSize, 0);
  head.writeUInt32BE(command.size, 4);
  command.write(new Writer(head, 8));
  return head;
}

/** Decodes what `FrameDecoder` gave: a frame without its leading total size. Throws `ProtocolError`. */
export function decodeFrame(frame: Buffer): Frame {
  if (frame.length < 4) throw new ProtocolError('a frame is too short for a command size');
  const end = 4 + frame.readUInt32BE(0);
  if (end > frame.length) throw new ProtocolError('a command is longer than its frame');
  const command = decodeCommand(frame, 4, end);
  const hasPayload = command.type === 'SEND' || command.type === 'MESSAGE';
  return { command, headersAndPayload: hasPayload ? frame.subarray(end) : undefined };
}

/**
 * Cuts a byte stream into frames, wherever it was split. Bytes wait uncopied until a frame is complete, so each byte is
 * copied at most twice; a length above `maxFrameBytes` throws `ProtocolError` before anything is kept for it.
 */
export class FrameDecoder {
  maxFrameBytes: number;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private neededBytes = 4;

  constructor(maxFrameBytes = DEFAULT_MAX_MESSAGE_BYTES + FRAME_PADDING_BYTES) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Takes the next bytes of the stream; returns the frames they complete, each without its total size. */
  push(chunk: Buffer): Buffer[] {
    this.waitingBytes += chunk.length;
    this.waiting.push(chunk);
    if (this.waitingBytes < this.neededBytes) return [];
    const bytes = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting, this.waitingBytes);
    const frames: Buffer[] = [];
    const rest = this.cut(bytes, frames);
    this.waiting = rest < bytes.length ? [bytes.subarray(rest)] : [];
    this.waitingBytes = bytes.length - rest;
    return frames;
  }

  private cut(bytes: Buffer, frames: Buffer[]): number {
    let start = 0;
    while (bytes.length - start >= 4) {
      const size = bytes.readUInt32BE(start);
      if (size > this.maxFrameBytes) throw new ProtocolError(`a frame of ${size} bytes exceeds ${this.maxFrameBytes}`);
      if (bytes.length - start - 4 < size) {
        this.neededBytes = 4 + size;
        return start;
      }
      frames.push(bytes.subarray(start + 4, start + 4 + size));
      start += 4 + size;
    }
    this.neededBytes = 4;
    return start;
  }
}
