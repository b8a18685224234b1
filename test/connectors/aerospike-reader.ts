import { type EventEmitter, once } from 'node:events';
import { loadDriver } from '../../src/connectors/aerospike/driver.ts';
import type { AerospikeAddress } from '../services/index.ts';

/** A record as the official client reads it. */
export interface StoredRecord {
  readonly bins: Readonly<Record<string, unknown>>;
  readonly gen: number;
  readonly ttl: number;
}

/** What is used of the official client to read. */
export interface Reader {
  connect(): Promise<unknown>;
  get(key: object): Promise<StoredRecord>;
  put(key: object, bins: object): Promise<unknown>;
  remove(key: object): Promise<unknown>;
  scan(namespace: string, set: string): { foreach(): EventEmitter };
  close(): void;
}

/** The official client, connected. */
export const connectReader = async ({ hosts }: AerospikeAddress): Promise<Reader> => {
  const { Client } = loadDriver();
  const [host = '', port] = hosts.split(',')[0]?.split(':') ?? [];
  const reader = new Client({ hosts: [{ addr: host, port: Number(port) }] }) as unknown as Reader;
  await reader.connect();
  return reader;
};

/** All records of a set. */
export const scanSet = async (reader: Reader, namespace: string, set: string): Promise<readonly StoredRecord[]> => {
  const found: StoredRecord[] = [];
  const stream = reader.scan(namespace, set).foreach();
  stream.on('data', (record: StoredRecord) => found.push(record));
  await once(stream, 'end');
  return found;
};
