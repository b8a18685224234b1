import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import {
  type Command,
  type CommandFields,
  type CommandInput,
  type CommandName,
  decodeFrame,
  encodeCommand,
  encodePayload,
  encodePayloadCommand,
  FrameDecoder,
  LookupResult,
  MessageMetadata,
  type MessageMetadataInput,
  PartitionedMetadataResult,
} from '../../../src/pulsar/protocol/index.ts';

/** One client connection of a scripted broker. */
export interface Peer {
  readonly socket: Socket;
  send<N extends CommandName>(type: N, fields: CommandInput<N>): void;
  /** Delivers an entry; `spoil` may change its bytes. */
  deliver(
    message: CommandInput<'MESSAGE'>,
    metadata: Partial<MessageMetadataInput>,
    payload: Buffer,
    spoil?: (headersAndPayload: Buffer) => void,
  ): void;
}

/** Answers to commands; those that are not given are answered as a willing broker would. */
export type Script = { [N in CommandName]?: (fields: CommandFields<N>, peer: Peer) => void };

export interface ScriptedBroker {
  readonly serviceUrl: string;
  /** Commands in the order of their arrival. */
  readonly received: Command[];
  readonly peers: Peer[];
  readonly script: Script;
  /** The fields of each command of a type. */
  of<N extends CommandName>(type: N): CommandFields<N>[];
  stop(): Promise<void>;
}

function willing(serviceUrl: () => string): Script {
  return {
    CONNECT: (_, peer) =>
      peer.send('CONNECTED', { serverVersion: 'scripted', protocolVersion: 21, maxMessageSize: 100_000 }),
    PING: (_, peer) => peer.send('PONG', {}),
    PARTITIONED_METADATA: ({ requestId }, peer) =>
      peer.send('PARTITIONED_METADATA_RESPONSE', {
        requestId,
        partitions: 0,
        response: PartitionedMetadataResult.Success,
      }),
    LOOKUP: ({ requestId }, peer) =>
      peer.send('LOOKUP_RESPONSE', {
        requestId,
        response: LookupResult.Connect,
        brokerServiceUrl: serviceUrl(),
        brokerServiceUrlTls: serviceUrl(),
      }),
    PRODUCER: ({ requestId, producerName }, peer) =>
      peer.send('PRODUCER_SUCCESS', { requestId, producerName: producerName ?? 'made-up', lastSequenceId: -1 }),
    SUBSCRIBE: ({ requestId }, peer) => peer.send('SUCCESS', { requestId }),
    CLOSE_PRODUCER: ({ requestId }, peer) => peer.send('SUCCESS', { requestId }),
    CLOSE_CONSUMER: ({ requestId }, peer) => peer.send('SUCCESS', { requestId }),
  };
}

/** Starts a broker that does what a test tells it, to show what real ones seldom do. */
export async function startScriptedBroker(script: Script = {}, tls?: TlsOptions): Promise<ScriptedBroker> {
  let serviceUrl = '';
  const received: Command[] = [];
  const peers: Peer[] = [];
  const actual: Script = { ...willing(() => serviceUrl), ...script };
  const onConnection = (socket: Socket) => {
    const decoder = new FrameDecoder();
    const peer: Peer = {
      socket,
      send: (type, fields) => {
        socket.write(encodeCommand(type, fields));
      },
      deliver: (message, metadata, payload, spoil) => {
        const common = { producerName: 'p', sequenceId: 1, publishTime: 1 };
        const entry = encodePayload(MessageMetadata.encode({ ...common, ...metadata }), payload);
        spoil?.(entry);
        for (const part of encodePayloadCommand('MESSAGE', message, entry)) socket.write(part);
      },
    };
    peers.push(peer);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const frame of decoder.push(chunk)) {
        const { command } = decodeFrame(frame);
        received.push(command);
        if (command.type === 'UNKNOWN') continue;
        const answer = actual[command.type] as ((fields: unknown, peer: Peer) => void) | undefined;
        answer?.(command.fields, peer);
      }
    });
  };
  const server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  serviceUrl = tls === undefined ? `pulsar://127.0.0.1:${port}` : `pulsar+ssl://localhost:${port}`;
  return {
    serviceUrl,
    received,
    peers,
    script: actual,
    of: (type) => received.flatMap((command) => (command.type === type ? [command.fields as never] : [])),
    stop: async () => {
      for (const { socket } of peers) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
