import { join } from 'node:path';
import { isListening } from '../kit/ports.ts';
import { defineServer, type Place } from '../kit/server.ts';
import { linkAerospike } from './package.ts';

/** Where records are kept. */
export interface AerospikeAddress {
  /** As `seedHosts` has it. */
  readonly hosts: string;
  readonly namespace: string;
}

/** A stand-in for Aerospike, and the official client: the registries have no server. In memory; what it does not know it refuses. */
export const aerospike = defineServer({
  name: 'aerospike',
  tools: [],
  ports: ['aerospike'],
  startTimeoutMs: 30_000,
  prepare: linkAerospike,
  configure: async ({ home, ports }: Place<'aerospike'>) => ({
    file: process.execPath,
    args: [join(import.meta.dirname, 'stand-in.ts'), String(ports.aerospike)],
    cwd: home,
  }),
  address: ({ ports }: Place<'aerospike'>): AerospikeAddress => ({
    hosts: `127.0.0.1:${ports.aerospike}`,
    namespace: 'test',
  }),
  isReady: ({ hosts }) => isListening(Number(hosts.split(':')[1])),
});
