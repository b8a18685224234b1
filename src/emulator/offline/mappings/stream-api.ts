import { NodeHttpHandler } from '@smithy/node-http-handler';
import { readArn } from './mapping.ts';
import type { ServerOptions } from './servers.ts';

/** A record as it stands in the event. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly arrivedMs: number;
  readonly event: object;
}

/** A page of a shard; no `next`: the shard is closed and this was its end. */
export interface Page {
  readonly records: readonly StreamRecord[];
  readonly next: string | undefined;
}

/** What a stream is read by. */
export interface StreamApi {
  /** Rejects with what the server says when there is no such stream. */
  shards(): Promise<readonly { readonly id: string; readonly parents: readonly string[] }[]>;
  /** `after` undefined: the oldest record. */
  iterator(shard: string, after: string | undefined): Promise<string | undefined>;
  read(shard: string, iterator: string): Promise<Page>;
  close(): void;
}

const ANSWER_MS = 20_000;
/** Bounds what is in memory: records of up to 1 MB. */
const MAX_RECORDS = 1_000;
const inTime = () => ({ abortSignal: AbortSignal.timeout(ANSWER_MS) });

/** Opens the stream of that name; nothing is asked of it yet. */
export const openStream = (arn: string, server: ServerOptions): Promise<StreamApi> =>
  readArn(arn).service === 'kinesis' ? openKinesis(arn, server) : openTableStream(arn, server);

const openKinesis = async (arn: string, server: ServerOptions): Promise<StreamApi> => {
  const kinesis = await import('@aws-sdk/client-kinesis');
  // HTTP/1.1, which every server of the protocol speaks.
  const client = new kinesis.KinesisClient({ ...server, requestHandler: new NodeHttpHandler() });
  const { region, resource } = readArn(arn);
  const StreamName = resource.replace(/^stream\//, '');
  return {
    shards: async () => {
      const { Shards = [] } = await client.send(new kinesis.ListShardsCommand({ StreamName }), inTime());
      return Shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId }) => ({
        id: ShardId,
        parents: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
      }));
    },
    iterator: async (ShardId, after) => {
      const command = new kinesis.GetShardIteratorCommand({
        ...{ StreamName, ShardId, ShardIteratorType: after ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON' },
        StartingSequenceNumber: after,
      });
      return (await client.send(command, inTime())).ShardIterator;
    },
    read: async (shard, ShardIterator) => {
      const command = new kinesis.GetRecordsCommand({ ShardIterator, Limit: MAX_RECORDS });
      const { Records = [], NextShardIterator } = await client.send(command, inTime());
      const records = Records.map(({ SequenceNumber = '', Data, PartitionKey, ApproximateArrivalTimestamp }) => ({
        sequenceNumber: SequenceNumber,
        arrivedMs: ApproximateArrivalTimestamp?.getTime() ?? 0,
        event: {
          kinesis: {
            ...{ kinesisSchemaVersion: '1.0', partitionKey: PartitionKey, sequenceNumber: SequenceNumber },
            data: Buffer.from(Data ?? []).toString('base64'),
            approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
          },
          ...{ eventSource: 'aws:kinesis', eventVersion: '1.0', eventID: `${shard}:${SequenceNumber}` },
          ...{ eventName: 'aws:kinesis:record', invokeIdentityArn: 'arn:aws:iam::000000000000:role/offline' },
          ...{ awsRegion: region, eventSourceARN: arn },
        },
      }));
      return { records, next: NextShardIterator };
    },
    close: () => client.destroy(),
  };
};

const openTableStream = async (arn: string, server: ServerOptions): Promise<StreamApi> => {
  const streams = await import('@aws-sdk/client-dynamodb-streams');
  const client = new streams.DynamoDBStreamsClient(server);
  const StreamArn = arn;
  return {
    shards: async () => {
      const { StreamDescription } = await client.send(new streams.DescribeStreamCommand({ StreamArn }), inTime());
      return (StreamDescription?.Shards ?? []).map(({ ShardId = '', ParentShardId }) => ({
        id: ShardId,
        parents: ParentShardId === undefined ? [] : [ParentShardId],
      }));
    },
    iterator: async (ShardId, after) => {
      const command = new streams.GetShardIteratorCommand({
        ...{ StreamArn, ShardId, ShardIteratorType: after ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON' },
        SequenceNumber: after,
      });
      return (await client.send(command, inTime())).ShardIterator;
    },
    read: async (_shard, ShardIterator) => {
      const command = new streams.GetRecordsCommand({ ShardIterator, Limit: MAX_RECORDS });
      const { Records = [], NextShardIterator } = await client.send(command, inTime());
      const records = Records.map(({ dynamodb = {}, userIdentity: _, ...record }) => {
        const arrivedMs = dynamodb.ApproximateCreationDateTime?.getTime() ?? 0;
        const change = inJson({ ...dynamodb, ApproximateCreationDateTime: arrivedMs / 1_000 });
        const event = { ...record, dynamodb: change, eventSourceARN: arn };
        return { sequenceNumber: dynamodb.SequenceNumber ?? '', arrivedMs, event };
      });
      return { records, next: NextShardIterator };
    },
    close: () => client.destroy(),
  };
};

/** Binary values in base 64. */
const inJson = (value: object): object =>
  JSON.parse(
    JSON.stringify(value, (_, it: unknown) => (it instanceof Uint8Array ? Buffer.from(it).toString('base64') : it)),
  );
