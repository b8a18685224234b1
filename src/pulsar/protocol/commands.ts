import { connectionCommands } from './connection-commands.ts';
import { consumerCommands } from './consumer-commands.ts';
import type { DecodedOf, InputOf } from './message.ts';
import { producerCommands } from './producer-commands.ts';
import { topicCommands } from './topic-commands.ts';
import { transactionCommands } from './transaction-commands.ts';

/**
 * Every command by name: its number (both the value of BaseCommand.type and the field number of its body) and its body
 * (PULSAR-WIRE section 2.1).
 */
export const commands = {
  ...connectionCommands,
  ...producerCommands,
  ...consumerCommands,
  ...topicCommands,
  ...transactionCommands,
} as const;

/** Names of the commands this code knows. */
export type CommandName = keyof typeof commands;
/** What `encodeCommand(name, …)` takes. */
export type CommandInput<N extends CommandName> = InputOf<(typeof commands)[N]['body']>;
/** What decoding a command gives. */
export type CommandFields<N extends CommandName> = DecodedOf<(typeof commands)[N]['body']>;
