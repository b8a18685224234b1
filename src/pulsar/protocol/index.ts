/** Bytes to commands and back: the Pulsar binary protocol without sockets. */
export * from './batch.ts';
export * from './command-codec.ts';
export * from './commands.ts';
export * from './compression.ts';
export * from './crc32c.ts';
export * from './enums.ts';
export * from './frame.ts';
export type { DecodedOf, Input, InputOf, MessageType } from './message.ts';
export * from './messages.ts';
export * from './payload.ts';
export * from './protocol-error.ts';
export * from './topic-name.ts';
