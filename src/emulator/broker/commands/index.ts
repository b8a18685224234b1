import type { Command } from '../../../pulsar/protocol/command-codec.ts';
import type { CommandFields, CommandName } from '../../../pulsar/protocol/commands.ts';
import { ServerError } from '../../../pulsar/protocol/enums.ts';
import { ProtocolError } from '../../../pulsar/protocol/protocol-error.ts';
import type { Connection } from '../connection.ts';
import { BrokerError, notAllowed } from '../errors.ts';
import { consumingCommands } from './consuming.ts';
import { lookupCommands } from './lookup.ts';
import { positionCommands } from './positions.ts';
import { producingCommands } from './producing.ts';
import { schemaCommands } from './schemas.ts';
import { sessionCommands } from './session.ts';
import { transactionCommands } from './transactions.ts';

/** Handles one command; `payload` is there for SEND. A throw or rejection is answered with ERROR when the command has a request id. */
export type CommandHandler<N extends CommandName> = (
  connection: Connection,
  fields: CommandFields<N>,
  payload: Buffer | undefined,
) => void | Promise<void>;

/** Handlers by command name. */
export type CommandHandlers = { readonly [N in CommandName]?: CommandHandler<N> };

const handlers: CommandHandlers = {
  ...sessionCommands,
  ...lookupCommands,
  ...producingCommands,
  ...consumingCommands,
  ...positionCommands,
  ...schemaCommands,
  ...transactionCommands,
};

/**
 * Runs the handler of a command. Unknown requests are answered with NotAllowedError, since clients wait 30 s for silence (PULSAR-WIRE 3.13);
 * unknown commands without request id are ignored. Throws `ProtocolError` when the connection must be closed.
 */
export function handleCommand(connection: Connection, command: Command, payload: Buffer | undefined): void {
  if (command.type === 'UNKNOWN') {
    connection.broker.settings.log(`ignored command ${command.number} of ${connection.address}`);
    return;
  }
  if (connection.isHandshakeDone === (command.type === 'CONNECT'))
    throw new ProtocolError(`${command.type} out of order`);
  const handler = handlers[command.type] as CommandHandler<CommandName> | undefined;
  try {
    if (!handler) throw notAllowed(`The embedded broker does not support ${command.type}`);
    const done = handler(connection, command.fields as CommandFields<CommandName>, payload);
    done?.catch((error: unknown) => refuse(connection, command.fields, error));
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    refuse(connection, command.fields, error);
  }
}

function refuse(connection: Connection, fields: object, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof BrokerError))
    connection.broker.settings.log(`request of ${connection.address} failed: ${message}`);
  const requestId = 'requestId' in fields ? fields.requestId : undefined;
  if (typeof requestId !== 'number' && typeof requestId !== 'bigint') return;
  connection.send('ERROR', {
    requestId,
    error: error instanceof BrokerError ? error.serverError : ServerError.UnknownError,
    message,
  });
}
