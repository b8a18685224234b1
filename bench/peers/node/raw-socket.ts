/**
 * The floor of any client in Node: frames on one socket, which neither checks nor decodes an entry. Its latency is without
 * acknowledgements; when it receives, it acknowledges whole entries: what this broker delivers at most.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import {
  AckType,
  type CommandFields,
  type CommandInput,
  type CommandName,
  decodeFrame,
  encodeCommand,
  encodePayload,
  encodePayloadCommand,
  FrameDecoder,
  InitialPosition,
  MessageMetadata,
  SubscriptionType,
} from '../../../src/pulsar/protocol/index.ts';
import { measureLatency } from './latency.ts';
import { BATCH, type Task } from './task.ts';
import { type Measured, Window } from './window.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const { topic, payloadBytes } = task;
/** Messages that the broker may send ahead: as many as the clients' receiver queues hold. */
const QUEUE = 1000;
type Message = CommandFields<'MESSAGE'>;
const { hostname, port } = new URL(task.serviceUrl);
const socket = connect(Number(port), hostname).setNoDelay(true);
const decoder = new FrameDecoder();
let onMessage: (message: Message, headersAndPayload: Buffer) => void = () => undefined;
let onAnswer: () => void = () => undefined;

socket.on('data', (chunk) => {
  for (const frame of decoder.push(chunk)) {
    const { command, headersAndPayload } = decodeFrame(frame);
    if (command.type === 'ERROR') throw new Error(command.fields.message);
    if (command.type === 'MESSAGE') onMessage(command.fields, headersAndPayload as Buffer);
    else if (command.type !== 'SEND_RECEIPT') onAnswer();
  }
});

const ask = <N extends CommandName>(type: N, fields: CommandInput<N>): Promise<void> =>
  new Promise((resolve) => {
    onAnswer = resolve;
    socket.write(encodeCommand(type, fields));
  });
const flow = (messagePermits: number): unknown =>
  socket.write(encodeCommand('FLOW', { consumerId: 1, messagePermits }));

let sequenceId = 0;
const send = async (data: Buffer): Promise<void> => {
  const metadata = MessageMetadata.encode({ producerName: 'raw', sequenceId, publishTime: Date.now() });
  const fields = { producerId: 1, sequenceId, numMessages: 1 };
  socket.cork();
  for (const part of encodePayloadCommand('SEND', fields, encodePayload(metadata, data))) socket.write(part);
  socket.uncork();
  sequenceId++;
};

const latency = async (): Promise<object> => {
  const received: Buffer[] = [];
  let wake = (): void => undefined;
  onMessage = (_, headersAndPayload) => {
    received.push(headersAndPayload.subarray(-payloadBytes));
    wake();
  };
  const receive = async (): Promise<Buffer> => {
    while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return received.shift() as Buffer;
  };
  await ask('PRODUCER', { topic, producerId: 1, requestId: 4 });
  flow(100_000);
  return measureLatency(task, { send, receive });
};

const receive = async (): Promise<Measured> => {
  const window = new Window(task.warmUpMs, task.measureMs);
  const done = Promise.withResolvers<void>();
  let taken = 0;
  onMessage = ({ messageId: { ledgerId, entryId } }) => {
    socket.write(
      encodeCommand('ACK', { consumerId: 1, ackType: AckType.Individual, messageId: [{ ledgerId, entryId }] }),
    );
    taken += BATCH;
    window.add(BATCH);
    if (window.total >= task.backlog) window.close();
    if (window.isClosed) done.resolve();
    if (taken < QUEUE / 2) return;
    flow(taken);
    taken = 0;
  };
  flow(QUEUE);
  await done.promise;
  return window.result();
};

const isReading = task.scenario === 'receive';
const initialPosition = isReading ? InitialPosition.Earliest : InitialPosition.Latest;
const subscription = { subscription: randomUUID(), subType: SubscriptionType.Exclusive, initialPosition };
await ask('CONNECT', { clientVersion: 'raw', protocolVersion: 20 });
await ask('PARTITIONED_METADATA', { topic, requestId: 1 });
await ask('LOOKUP', { topic, requestId: 2, authoritative: false });
await ask('SUBSCRIBE', { topic, consumerId: 1, requestId: 3, ...subscription });
console.log(JSON.stringify(await (isReading ? receive : latency)()));
process.exit();
