import { join } from 'node:path';
import { compileJava } from '../kit/compile-java.ts';
import { java } from '../kit/java.ts';
import { resolveJars } from '../kit/maven.ts';
import { isListening } from '../kit/ports.ts';
import { defineServer, type Place, type RunningServer } from '../kit/server.ts';

/** Where documents are kept, as a connection string. */
export interface MongoAddress {
  readonly url: string;
}

/** A stand-in for MongoDB (mongo-java-server): the registries have no real one. In memory, without users, transactions and change streams. */
export const mongo = defineServer({
  name: 'mongo',
  tools: ['java'],
  ports: ['mongo'],
  startTimeoutMs: 60_000,
  prepare: async () => {
    const jars = await resolveJars({ name: 'mongo', artifacts: ['de.bwaldvogel:mongo-java-server:1.47.0'] });
    return { jars, classes: await compileJava(join(import.meta.dirname, 'MongoStandIn.java'), jars) };
  },
  configure: async ({ home, ports }: Place<'mongo'>, { jars, classes }) =>
    java({ jars, classes, mainClass: 'MongoStandIn', args: [String(ports.mongo)], heapMb: 256, cwd: home }),
  address: ({ ports }: Place<'mongo'>): MongoAddress => ({ url: `mongodb://127.0.0.1:${ports.mongo}` }),
  isReady: ({ url }) => isListening(Number(new URL(url).port)),
});

/** Starts a server of your own, e.g. to kill it. */
export const startMongo = (): Promise<RunningServer<MongoAddress>> => mongo.start();
