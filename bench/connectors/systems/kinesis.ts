import { randomUUID } from 'node:crypto';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Target } from '../../../test/e2e/target.ts';
import type { MotoAddress } from '../../../test/services/moto.ts';
import { type Filled, pagesOf, type Row, rowsOf, type SinkSide, type SourceSide } from '../system.ts';

/** Most records of a `PutRecords`. */
const RECORDS = 500;

const configsOf = ({ endpoint, region, credentials }: MotoAddress, awsKinesisStreamName: string) => {
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  const awsCredentialPluginParam = JSON.stringify({ accessKey, secretKey });
  return { awsEndpoint: endpoint, awsRegion: region, awsKinesisStreamName, awsCredentialPluginParam };
};

const clientOf = ({ endpoint, region, credentials }: MotoAddress): KinesisClient =>
  new KinesisClient({ endpoint, region, credentials: { ...credentials }, requestHandler: new NodeHttpHandler() });

const newStream = async (client: KinesisClient): Promise<string> => {
  const StreamName = `bench-${randomUUID()}`;
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  return StreamName;
};

const put = async (client: KinesisClient, StreamName: string, rows: readonly Row[]): Promise<void> => {
  for (let from = 0; from < rows.length; from += RECORDS) {
    const part = rows.slice(from, from + RECORDS);
    const Records = part.map((row) => ({ PartitionKey: row.id, Data: Buffer.from(JSON.stringify(row)) }));
    await client.send(new PutRecordsCommand({ StreamName, Records }));
  }
};

/** Pages of the only shard; ends when one is empty. */
const pages = async function* (client: KinesisClient, StreamName: string) {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName }));
  const from = { StreamName, ShardId: Shards?.[0]?.ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
  let { ShardIterator } = await client.send(new GetShardIteratorCommand(from));
  for (;;) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator }));
    if (!page.Records?.length) return;
    yield page.Records;
    ShardIterator = page.NextShardIterator;
  }
};

const target = async (address: MotoAddress): Promise<Target> => {
  const client = clientOf(address);
  const stream = await newStream(client);
  const read = async (): Promise<number[]> => {
    const found: number[] = [];
    for await (const records of pages(client, stream))
      for (const { Data } of records) found.push((JSON.parse(String(Buffer.from(Data ?? []))) as Row).n);
    return found;
  };
  const distinct = async (): Promise<number> => new Set(await read()).size;
  return {
    ...{ name: 'Kinesis', sinkType: 'kinesis', configs: configsOf(address, stream), sourceConfigs: {} },
    repeatsAreRows: true,
    rows: async () => (await read()).length,
    distinct,
    read,
    repeatedWrites: async () => (await read()).length - (await distinct()),
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
};

/** Kinesis: `PutRecords` of 500. */
export const kinesisSink = (address: MotoAddress): SinkSide => ({
  records: 5_000,
  target: () => target(address),
  // moto loses records of requests that it handles at once.
  modes: { '': { concurrency: 1 } },
  guarantees: ['ATLEAST_ONCE'],
  raw: async ({ configs }, batches) => {
    const client = clientOf(address);
    return async () => {
      for (const batch of batches) await put(client, String(configs.awsKinesisStreamName), rowsOf(batch));
      client.destroy();
    };
  },
});

const fill = async (address: MotoAddress, records: number): Promise<Filled> => {
  const client = clientOf(address);
  const stream = await newStream(client);
  for (const rows of pagesOf(records, RECORDS)) await put(client, stream, rows);
  return {
    configs: { ...configsOf(address, stream), initialPositionInStream: 'TRIM_HORIZON' },
    raw: async () => async () => {
      let count = 0;
      for await (const found of pages(client, stream)) count += found.length;
      return count;
    },
    dispose: async () => client.destroy(),
  };
};

/** Kinesis: `GetRecords` as large as the server makes them. */
export const kinesisSource = (address: MotoAddress): SourceSide => ({
  sourceType: 'kinesis',
  records: 10_000,
  fill: (records) => fill(address, records),
});
