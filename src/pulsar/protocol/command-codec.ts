import { type CommandFields, type CommandInput, type CommandName, commands } from './commands.ts';
import type { MessageType } from './message.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import { uint32Size, type Writer } from './writer.ts';

/** A decoded command, told apart by `type`. A number that this version does not know decodes to `UNKNOWN`. */
export type Command =
  | { [N in CommandName]: { readonly type: N; readonly fields: CommandFields<N> } }[CommandName]
  | { readonly type: 'UNKNOWN'; readonly number: number };

type AnyBody = MessageType<object, object>;
interface CompiledCommand {
  readonly type: CommandName;
  readonly number: number;
  readonly body: AnyBody;
  readonly tag: number;
  /** Bytes of everything in BaseCommand but the body and its length. */
  readonly headSize: number;
}

const TYPE_TAG = 1 << 3;
const byName = new Map<string, CompiledCommand>();
const byNumber: (CompiledCommand | undefined)[] = [];
for (const [name, { number, body }] of Object.entries(commands)) {
  const tag = (number << 3) | 2;
  const headSize = 1 + uint32Size(number) + uint32Size(tag);
  const compiled = { type: name as CommandName, number, body: body as unknown as AnyBody, tag, headSize };
  byName.set(name, compiled);
  byNumber[number] = compiled;
}

/** A BaseCommand whose size is known and that can be written anywhere. */
export interface SizedCommand {
  readonly size: number;
  /** Writes `size` bytes at the writer's position. */
  write(writer: Writer): void;
}

/** Checks and measures a command. Throws `ProtocolError` when a required field is missing or a value has no wire form. */
export function sizeCommand<N extends CommandName>(type: N, fields: CommandInput<N>): SizedCommand {
  const { number, body, tag, headSize } = byName.get(type) as CompiledCommand;
  const bodySize = body.bodySize(fields);
  return {
    size: headSize + uint32Size(bodySize) + bodySize,
    write(writer) {
      writer.writeUint32(TYPE_TAG);
      writer.writeUint32(number);
      writer.writeUint32(tag);
      writer.writeUint32(bodySize);
      body.writeBody(writer, fields);
    },
  };
}

function findType(reader: Reader): number {
  let type = -1;
  while (reader.position < reader.end) {
    const tag = reader.readUint32();
    if (tag === TYPE_TAG) type = reader.readUint32();
    else reader.skip(tag & 7);
  }
  if (type < 0) throw new ProtocolError('BaseCommand.type is required and missing');
  return type;
}

/** Decodes the BaseCommand in `bytes[start, end)`. */
export function decodeCommand(bytes: Buffer, start = 0, end = bytes.length): Command {
  const reader = new Reader(bytes, start, end);
  const number = findType(reader);
  const known = byNumber[number];
  if (known === undefined) return { type: 'UNKNOWN', number };
  reader.position = start;
  while (reader.position < end) {
    const tag = reader.readUint32();
    if (tag === known.tag) return { type: known.type, fields: known.body.read(reader) } as Command;
    reader.skip(tag & 7);
  }
  throw new ProtocolError(`a command of type ${known.type} has no body`);
}
