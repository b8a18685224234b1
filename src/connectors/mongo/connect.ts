import type { Document, MongoClient, MongoClientOptions } from 'mongodb';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { hostsIn, type MongoConfig } from './config.ts';
import { mongoError } from './errors.ts';

/** What is used of the package. */
export type Driver = typeof import('mongodb');

/** A connected client, and the driver it is of. */
export interface Connected {
  readonly driver: Driver;
  readonly client: MongoClient;
}

/** Connects and authenticates. Throws `PIO_SINK_UNAVAILABLE` or `PIO_SINK_MISCONFIGURED`. */
export const connectMongo = async (
  config: MongoConfig,
  isVersioned: boolean,
  signal: AbortSignal,
): Promise<Connected> => {
  const doing = `connecting to MongoDB at ${hostsIn(config.mongoUri)}`;
  throwIfAborted(signal, doing);
  const driver = await import('mongodb');
  let client: MongoClient | undefined;
  try {
    client = clientOf(driver, config, isVersioned, doing);
    const ready: Promise<Document> = client.connect().then((it) => it.db(config.database).command({ ping: 1 }));
    await orAborted(ready, signal, doing);
    return { driver, client };
  } catch (error) {
    await client?.close(true);
    throw mongoError(error, doing);
  }
};

/** Throws `PIO_SINK_MISCONFIGURED` for a connection string that is none. Some texts of the driver quote it, with its password. */
const clientOf = (driver: Driver, config: MongoConfig, isVersioned: boolean, doing: string): MongoClient => {
  try {
    return new driver.MongoClient(config.mongoUri, optionsOf(config, isVersioned));
  } catch (error) {
    const { message = '' } = error as Partial<Error>;
    const why = message.includes('://') ? 'it is not valid' : message.slice(0, 300);
    throw new PulsarIoError('PIO_SINK_MISCONFIGURED', `${doing}: mongoUri is no connection string of MongoDB: ${why}`);
  }
};

/** What the connection string says of times counts; of acknowledgements only without versions: what a minority has may be rolled back. */
const optionsOf = ({ mongoUri, timeoutMs }: MongoConfig, isVersioned: boolean): MongoClientOptions => {
  const says = (option: string): boolean => mongoUri.toLowerCase().includes(`${option.toLowerCase()}=`);
  const times = ['serverSelectionTimeoutMS', 'connectTimeoutMS', 'socketTimeoutMS'].filter((it) => !says(it));
  return {
    appName: 'pulsar-io',
    ...Object.fromEntries(times.map((it) => [it, timeoutMs])),
    ...(isVersioned && { writeConcern: { w: 'majority' as const, journal: true } }),
  };
};
