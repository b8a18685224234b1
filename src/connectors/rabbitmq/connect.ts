import type { ChannelModel } from 'amqplib';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import type { RabbitmqServerConfig } from './config.ts';
import { rabbitmqError, type Side } from './errors.ts';

/** How long an orderly end may take. */
const CLOSE_MS = 2_000;

const DEFAULT_CONNECT_MS = 60_000;

/** A connection that neither reconnects nor sends anything again. */
export interface RabbitmqConnection {
  readonly model: ChannelModel;
  /** Names the server in messages. */
  readonly name: string;
  /** Why it broke, once it has. */
  failure(): unknown;
  /** Waits for the server, which has then done all that it was told before; after a while without it. May be called twice. */
  close(): Promise<void>;
  /** At once: what is under way may still happen, nothing else does. */
  destroy(): void;
}

/** Connects. Throws `PIO_SOURCE_MISCONFIGURED`, `PIO_SOURCE_UNAVAILABLE`, or the same of a sink. */
export const connectRabbitmq = async (
  config: RabbitmqServerConfig,
  side: Side,
  signal: AbortSignal,
): Promise<RabbitmqConnection> => {
  const name = `RabbitMQ at ${config.host}:${config.port}, virtual host ${config.virtualHost}`;
  const doing = `connecting to ${name}`;
  throwIfAborted(signal, doing);
  const { connect } = await import('amqplib');
  const connectMs = config.connectionTimeout || DEFAULT_CONNECT_MS;
  const connecting = connect(serverOf(config), socketOptions(config, connectMs));
  const deadline = AbortSignal.timeout(connectMs + config.handshakeTimeout);
  try {
    return connectionOf(await orAborted(connecting, AbortSignal.any([signal, deadline]), doing), name);
  } catch (error) {
    connecting.then(destroy, () => undefined);
    if (deadline.aborted && !signal.aborted)
      throw new PulsarIoError(`PIO_${side}_UNAVAILABLE`, `${doing}: no answer in time`);
    throw rabbitmqError(error, doing, side, signal);
  }
};

const serverOf = (config: RabbitmqServerConfig) => ({
  protocol: config.tls ? 'amqps' : 'amqp',
  hostname: config.host,
  port: config.port,
  username: config.username,
  password: config.password,
  // The client takes it as part of an address.
  vhost: encodeURIComponent(config.virtualHost),
  channelMax: config.requestedChannelMax,
  frameMax: config.requestedFrameMax,
  heartbeat: config.requestedHeartbeat,
});

const socketOptions = ({ connectionName, caCertificate }: RabbitmqServerConfig, timeout: number) => ({
  noDelay: true,
  timeout,
  clientProperties: { connection_name: connectionName },
  ...(caCertificate !== undefined && { ca: caCertificate }),
});

const connectionOf = (model: ChannelModel, name: string): RabbitmqConnection => {
  let failure: unknown;
  let isOpen = true;
  const end = (error: unknown): void => {
    failure ??= error;
    isOpen = false;
  };
  model.on('error', end);
  model.on('close', (error) => end(error ?? new Error('the connection was closed')));
  return {
    model,
    name,
    failure: () => failure,
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      const timer = setTimeout(() => destroy(model), CLOSE_MS);
      // Also resolves when the connection breaks meanwhile: then the server gives back what was not settled.
      const gone = new Promise<void>((resolve) => model.once('close', () => resolve()));
      await Promise.race([model.close().catch(() => undefined), gone]);
      clearTimeout(timer);
    },
    destroy: () => {
      isOpen = false;
      destroy(model);
    },
  };
};

/** The client waits for the server's word whenever it ends; its socket does not have to. */
const destroy = ({ connection }: ChannelModel): void =>
  (connection as unknown as { readonly stream: { destroy(error?: Error): void } }).stream.destroy(
    new Error('the connection was given up'),
  );
