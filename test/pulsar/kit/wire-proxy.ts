import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  type Command,
  type CommandInput,
  type CommandName,
  decodeFrame,
  encodeCommand,
  FrameDecoder,
} from '../../../src/pulsar/protocol/index.ts';

/** Who sent a command. */
export type Side = 'client' | 'broker';
/** What the proxy does with a command it has seen. */
export type Verdict = 'pass' | 'drop';

/** A TCP proxy in front of a broker that understands the protocol. */
export interface WireProxy {
  /** Clients that use it stay on it: lookups answer with this address. */
  readonly serviceUrl: string;
  /** Commands that went through (or were dropped), in order, except payloads. */
  readonly seen: { readonly side: Side; readonly command: Command }[];
  /** Decides on each command; default: everything passes. */
  decide: (side: Side, command: Command) => Verdict;
  /** Bytes to write at once; default: a frame at a time. */
  pieceBytes: number;
  /** Cuts all connections. */
  kill(): void;
  /** Writes a command to all clients, as if the broker had sent it. */
  inject<N extends CommandName>(type: N, fields: CommandInput<N>): void;
  stop(): Promise<void>;
}

const LIMIT_BYTES = 64 * 1024 * 1024;

/** Starts a proxy in front of `pulsar://host:port`. */
export async function startWireProxy(brokerUrl: string): Promise<WireProxy> {
  const target = new URL(brokerUrl.replace('pulsar://', 'tcp://'));
  const pairs = new Set<readonly [Socket, Socket]>();
  const proxy: WireProxy = {
    serviceUrl: '',
    seen: [],
    decide: () => 'pass',
    pieceBytes: Number.POSITIVE_INFINITY,
    kill: () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
    inject: (type, fields) => {
      for (const [client] of pairs) client.write(encodeCommand(type, fields));
    },
    stop: async () => {
      proxy.kill();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  /** Writes bytes in order; in pieces, each goes out in a turn of its own. */
  function writer(to: Socket): (bytes: Buffer) => void {
    let last: Promise<unknown> = Promise.resolve();
    to.setNoDelay(true);
    return (bytes) => {
      const { pieceBytes } = proxy;
      if (pieceBytes >= bytes.length) {
        last = last.then(() => to.write(bytes));
        return;
      }
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        last = last.then(() => to.write(bytes.subarray(from, from + pieceBytes))).then(() => setImmediate());
      }
    };
  }

  function relay(side: Side, from: Socket, to: Socket): void {
    const decoder = new FrameDecoder(LIMIT_BYTES);
    const write = writer(to);
    from.on('data', (chunk) => {
      for (const frame of decoder.push(chunk)) {
        const { command } = decodeFrame(frame);
        proxy.seen.push({ side, command });
        if (proxy.decide(side, command) === 'drop') continue;
        if (command.type === 'LOOKUP_RESPONSE') {
          write(encodeCommand('LOOKUP_RESPONSE', { ...command.fields, brokerServiceUrl: proxy.serviceUrl }));
          continue;
        }
        const size = Buffer.alloc(4);
        size.writeUInt32BE(frame.length);
        write(Buffer.concat([size, frame]));
      }
    });
  }

  const server = createServer((client) => {
    const broker = connect({ host: target.hostname, port: Number(target.port) });
    const pair = [client, broker] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    relay('client', client, broker);
    relay('broker', broker, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, { serviceUrl: `pulsar://127.0.0.1:${port}` });
}
