import { java } from './kit/java.ts';
import { resolveJars } from './kit/maven.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Spread it into the options of a `DynamoDBClient`. */
export interface DynamodbAddress {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What to start. */
export interface DynamodbOptions {
  /** Three times as fast (about 1 ms instead of 3.5 ms a write), but `kill` and `restart` lose everything. Default: on disk. */
  readonly isInMemory?: boolean;
}

const listsTables = async (address: DynamodbAddress): Promise<boolean> => {
  // Here, as suites that only read an address must not load it. The client writes into the credentials it is given.
  const { DynamoDBClient, ListTablesCommand } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient({ ...structuredClone(address), maxAttempts: 1 });
  try {
    const { TableNames } = await client.send(new ListTablesCommand(), { abortSignal: AbortSignal.timeout(5_000) });
    return Array.isArray(TableNames);
  } finally {
    client.destroy();
  }
};

/** DynamoDB Local. Unlike the others it listens on all interfaces, having no setting for it. One database for all credentials and regions. */
export const dynamodb = defineServer({
  name: 'dynamodb',
  tools: ['java'],
  ports: ['http'],
  startTimeoutMs: 60_000,
  prepare: (_: DynamodbOptions) =>
    resolveJars({ name: 'dynamodb', artifacts: ['software.amazon.dynamodb:DynamoDBLocal:3.1.0'] }),
  configure: async ({ home, ports }, jars, { isInMemory }) =>
    java({
      jars,
      mainClass: 'software.amazon.dynamodb.services.local.main.ServerRunner',
      args: [
        ...(isInMemory ? ['-inMemory'] : ['-dbPath', home]),
        ...['-sharedDb', '-disableTelemetry'],
        '-port',
        `${ports.http}`,
      ],
      heapMb: 256,
      flags: [`-Djava.library.path=${jars}`],
      cwd: home,
    }),
  address: ({ ports }: Place<'http'>): DynamodbAddress => ({
    endpoint: `http://127.0.0.1:${ports.http}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  }),
  isReady: listsTables,
});

/** Starts a database of your own, e.g. to kill it. */
export const startDynamodb = (options?: DynamodbOptions): Promise<RunningServer<DynamodbAddress>> =>
  dynamodb.start(options);
