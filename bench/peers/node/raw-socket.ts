/** The floor of the latency: frames on one socket, without a client. It does not acknowledge. */
import { connect } from 'node:net';
import {
  type CommandInput,
  type CommandName,
  decodeFrame,
  encodeCommand,
  encodePayload,
  encodePayloadCommand,
  FrameDecoder,
  MessageMetadata,
} from '../../../src/pulsar/protocol/index.ts';
import { measureLatency } from './latency.ts';
import type { Task } from './task.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const { topic, payloadBytes } = task;
const { hostname, port } = new URL(task.serviceUrl);
const socket = connect(Number(port), hostname).setNoDelay(true);
const decoder = new FrameDecoder();
const received: Buffer[] = [];
let onMessage: (() => void) | undefined;
let onAnswer: () => void = () => undefined;

socket.on('data', (chunk) => {
  for (const frame of decoder.push(chunk)) {
    const { command, headersAndPayload } = decodeFrame(frame);
    if (command.type === 'ERROR') throw new Error(command.fields.message);
    if (command.type === 'MESSAGE') {
      received.push((headersAndPayload as Buffer).subarray(-payloadBytes));
      onMessage?.();
    } else if (command.type !== 'SEND_RECEIPT') onAnswer();
  }
});

const ask = <N extends CommandName>(type: N, fields: CommandInput<N>): Promise<void> =>
  new Promise((resolve) => {
    onAnswer = resolve;
    socket.write(encodeCommand(type, fields));
  });

let sequenceId = 0;
const send = async (data: Buffer): Promise<void> => {
  const metadata = MessageMetadata.encode({ producerName: 'raw', sequenceId, publishTime: Date.now() });
  const fields = { producerId: 1, sequenceId, numMessages: 1 };
  socket.cork();
  for (const part of encodePayloadCommand('SEND', fields, encodePayload(metadata, data))) socket.write(part);
  socket.uncork();
  sequenceId++;
};

const receive = async (): Promise<Buffer> => {
  while (received.length === 0) {
    await new Promise<void>((resolve) => {
      onMessage = resolve;
    });
  }
  return received.shift() as Buffer;
};

await ask('CONNECT', { clientVersion: 'raw', protocolVersion: 20 });
await ask('PARTITIONED_METADATA', { topic, requestId: 1 });
await ask('LOOKUP', { topic, requestId: 2, authoritative: false });
await ask('SUBSCRIBE', { topic, subscription: 's', subType: 0, consumerId: 1, requestId: 3 });
await ask('PRODUCER', { topic, producerId: 1, requestId: 4 });
socket.write(encodeCommand('FLOW', { consumerId: 1, messagePermits: 100_000 }));
console.log(JSON.stringify(await measureLatency(task, { send, receive })));
process.exit();
