import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { checkTls, pulsarKey, secretString, strictObject, tlsKeys } from '../config.ts';

const text = (help: string, more: { readonly default?: string; readonly required?: boolean } = {}) =>
  pulsarKey('java.lang.String', more.default ?? '', { help, ...(more.required && { required: true }) });

const int = (defaultValue: string, help: string) => pulsarKey('int', defaultValue, { help });

const flag = (help: string) => pulsarKey('boolean', 'false', { help });

/** Keys of Pulsar's `RabbitMQAbstractConfig`, in its order, which source and sink share. */
const common = {
  connectionName: Type.String({
    description: 'Name of the connection, as the server lists it.',
    ...text('The connection name used for connecting to RabbitMQ', { required: true }),
  }),
  host: Type.String({
    minLength: 1,
    description: 'Host name or address of the server.',
    ...text('The RabbitMQ host to connect to', { required: true }),
  }),
  port: Type.Integer({
    minimum: 1,
    maximum: 65_535,
    default: 5672,
    description: 'Port of the server; 5671 is customary where `tls` is true.',
    ...pulsarKey('int', '5672', { help: 'The RabbitMQ port to connect to', required: true }),
  }),
  virtualHost: Type.String({
    minLength: 1,
    default: '/',
    description: 'Virtual host.',
    ...text('The virtual host used for connecting to RabbitMQ', { default: '/', required: true }),
  }),
  username: secretString({
    default: 'guest',
    description: 'User.',
    ...text('The username used to authenticate to RabbitMQ', { default: 'guest' }),
  }),
  password: secretString({
    default: 'guest',
    description: 'Password.',
    ...text('The password used to authenticate to RabbitMQ', { default: 'guest' }),
  }),
  requestedChannelMax: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 0,
    description: 'Most channels that are asked for; one is used. 0: as many as the server allows.',
    ...int('0', 'Initially requested maximum channel number. 0 for unlimited'),
  }),
  requestedFrameMax: Type.Integer({
    minimum: 0,
    default: 0,
    description: 'Largest frame that is asked for, in bytes; at least 4,096. 0: as the server has it.',
    ...int('0', 'Initially requested maximum frame size, in octets. 0 for unlimited'),
  }),
  connectionTimeout: Type.Integer({
    minimum: 0,
    maximum: 300_000,
    default: 60_000,
    description: 'Deadline of the TCP connection, in milliseconds. 0, unlimited in Pulsar, is a minute here.',
    ...int('60000', 'Connection TCP establishment timeout in milliseconds. 0 for infinite'),
  }),
  handshakeTimeout: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 10_000,
    description: 'Deadline of the handshake that follows, in milliseconds.',
    ...int('10000', 'The AMQP0-9-1 protocol handshake timeout in milliseconds'),
  }),
  requestedHeartbeat: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 60,
    description: 'After how many seconds of silence a side is taken for dead. 0: never.',
    ...int('60', 'The requested heartbeat timeout in seconds'),
  }),
};

const QUEUE_HELP = 'The RabbitMQ queue name from which messages should be read from or written to';

/** Config of the rabbitmq source: Pulsar's `RabbitMQSourceConfig`, then ours. */
export const rabbitmqSourceConfig = strictObject({
  ...common,
  queueName: Type.String({
    minLength: 1,
    maxLength: 255,
    description: 'Queue; it must exist.',
    ...text(QUEUE_HELP, { required: true }),
  }),
  prefetchCount: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 0,
    description:
      'Most messages that are held at once, in memory; lower it where they are large. 0, unlimited in Pulsar, is 500 here.',
    ...int('0', 'Maximum number of messages that the server will deliver, 0 for unlimited'),
  }),
  prefetchGlobal: Type.Boolean({
    default: false,
    description: 'Accepted and not used: a channel has one consumer, so both readings mean the same.',
    ...flag('Set true if the settings should be applied to the entire channel rather than each consumer'),
  }),
  passive: Type.Boolean({
    default: false,
    description:
      'Accepted and not used: the queue is never declared, as if this was true. Pulsar’s connector creates a queue that does not exist, without durability.',
    ...flag('Set true if the queue should be declared passively - ie to preserve durability/timeout settings'),
  }),
  pollIntervalMs: Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: 10_000,
    description: 'How long an empty queue rests before it is looked at again, in milliseconds.',
  }),
  messageTtlMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 400 * 86_400_000,
      description:
        'How long the queue keeps a message, in milliseconds: its `x-message-ttl`, or the `message-ttl` of its policy. EFFECTIVELY_ONCE and ATMOST_ONCE remember ids for two days more, and are refused without it. The server does not tell it.',
    }),
  ),
  ...tlsKeys,
});

/** Validated configuration of the rabbitmq source. */
export type RabbitmqSourceConfig = Static<typeof rabbitmqSourceConfig>;

/** Config of the rabbitmq sink: Pulsar's `RabbitMQSinkConfig`, then ours. */
export const rabbitmqSinkConfig = strictObject({
  ...common,
  exchangeName: Type.String({
    maxLength: 255,
    description: 'Exchange; it must exist. Empty: the default exchange, which routes to the queue that the key names.',
    ...text('The exchange to publish the messages on', { required: true }),
  }),
  routingKey: Type.Optional(
    Type.String({
      maxLength: 255,
      description: 'Routing key of messages that have no property `routingKey`. Absent: the empty one.',
      ...text('The routing key used for publishing the messages'),
    }),
  ),
  exchangeType: Type.String({
    default: 'topic',
    description:
      'Accepted and not used: the exchange is what it is. Pulsar’s connector creates one that does not exist.',
    ...text('The exchange type to publish the messages on', { default: 'topic' }),
  }),
  queueName: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'A queue that must exist when the sink is opened; nothing is declared or bound.',
      ...text(QUEUE_HELP),
    }),
  ),
  keyHeader: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'Header that takes the message’s key. Absent: the key is not sent.',
    }),
  ),
  persistent: Type.Boolean({
    default: true,
    description: 'Whether messages survive the server’s restart, in queues that do. Pulsar’s connector sends others.',
  }),
  mandatory: Type.Boolean({
    default: true,
    description:
      'Whether a message that no queue gets is rejected. False: it vanishes, as with Pulsar’s connector, which suits an exchange that nobody has to listen to.',
  }),
  confirmTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 300_000,
    default: 30_000,
    description: 'How long the server may take to confirm a batch, in milliseconds.',
  }),
  maxMessageBytes: Type.Integer({
    minimum: 1,
    maximum: 512 * 1024 * 1024,
    default: 16 * 1024 * 1024,
    description:
      'Larger payloads are rejected before they are sent. The default is what RabbitMQ 4 takes unless it is told otherwise.',
  }),
  ...tlsKeys,
});

/** Validated configuration of the rabbitmq sink. */
export type RabbitmqSinkConfig = Static<typeof rabbitmqSinkConfig>;

/** What both need to reach a server. */
export type RabbitmqServerConfig = Pick<RabbitmqSourceConfig, keyof typeof common | keyof typeof tlsKeys>;

/** The least `frame-max` of AMQP 0-9-1. */
const MIN_FRAME = 4_096;

const checkServer = (config: RabbitmqServerConfig): Problem[] => {
  const { requestedFrameMax } = config;
  const problems = checkTls(config);
  if (requestedFrameMax > 0 && requestedFrameMax < MIN_FRAME)
    problems.push({ path: '/configs/requestedFrameMax', message: `must be 0 or at least ${MIN_FRAME}` });
  return problems;
};

/** Cross-field rules of {@link rabbitmqSourceConfig}. */
export const checkRabbitmqSource = (config: RabbitmqSourceConfig, guarantee: Guarantee): Problem[] => {
  const problems = checkServer(config);
  if (guarantee !== 'ATLEAST_ONCE' && config.messageTtlMs === undefined)
    problems.push({
      path: '/configs/messageTtlMs',
      message: `must say how long the queue keeps a message: ${guarantee} remembers ids for longer than that, and a queue without a time to live may repeat a message for ever`,
    });
  return problems;
};

/** Cross-field rules of {@link rabbitmqSinkConfig}. */
export const checkRabbitmqSink = (config: RabbitmqSinkConfig): Problem[] => checkServer(config);
