import type { KinesisClient, _Record as KinesisRecord } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { PulsarIoError } from '../../core/errors.ts';
import { clientOptions } from '../aws/client-options.ts';
import { awsSourceError } from '../aws/errors.ts';
import type { IteratorStart, Shard, ShardPage, ShardRecord, StreamApi } from '../streams/shard-log.ts';
import type { KinesisConfig } from './source.ts';

/** Records of one request: some megabytes of small ones. */
const MAX_RECORDS = 2_000;

/** First bytes of several records that the Kinesis Producer Library put into one. */
const AGGREGATED = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);

/** Connects to a stream; nothing is asked of it yet. HTTP/1.1, which every server of the protocol speaks. */
export const openKinesis = async (config: KinesisConfig): Promise<StreamApi> => {
  const kinesis = await import('@aws-sdk/client-kinesis');
  const { requestHandler, ...options } = clientOptions(config);
  const client: KinesisClient = new kinesis.KinesisClient({
    ...options,
    requestHandler: new NodeHttpHandler(requestHandler),
  });
  const StreamName = config.awsKinesisStreamName;
  const ask = async <T>(doing: string, signal: AbortSignal, answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw awsSourceError(error, `${doing} of stream ${StreamName}`, signal);
    });

  return {
    shards: async (signal) => {
      const shards: Shard[] = [];
      for (let NextToken: string | undefined, isLast = false; !isLast; ) {
        const command = new kinesis.ListShardsCommand(NextToken === undefined ? { StreamName } : { NextToken });
        const page = await ask('listing shards', signal, client.send(command, { abortSignal: signal }));
        for (const { ShardId = '', ParentShardId, AdjacentParentShardId, SequenceNumberRange } of page.Shards ?? []) {
          const parents = [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined);
          shards.push({ id: ShardId, parents, isClosed: SequenceNumberRange?.EndingSequenceNumber !== undefined });
        }
        NextToken = page.NextToken;
        isLast = NextToken === undefined;
      }
      return shards;
    },

    iterator: async (ShardId, start, signal) => {
      const command = new kinesis.GetShardIteratorCommand({ StreamName, ShardId, ...typeOf(start) });
      try {
        return (await client.send(command, { abortSignal: signal })).ShardIterator;
      } catch (error) {
        // The sequence number is older than what is kept.
        if ('at' in start && (error as Error).name === 'InvalidArgumentException') return undefined;
        throw awsSourceError(error, `finding the position in shard ${ShardId} of stream ${StreamName}`, signal);
      }
    },

    records: async (shard, ShardIterator, signal): Promise<ShardPage> => {
      const command = new kinesis.GetRecordsCommand({ ShardIterator, Limit: MAX_RECORDS });
      const answer = await ask(`reading shard ${shard}`, signal, client.send(command, { abortSignal: signal }));
      const records = (answer.Records ?? []).map((record) => recordOf(record, shard));
      const isAtTip = records.length === 0 && answer.MillisBehindLatest === 0;
      return { records, next: answer.NextShardIterator, isAtTip: isAtTip && answer.NextShardIterator !== undefined };
    },

    close: () => client.destroy(),
  };
};

const typeOf = (start: IteratorStart) => {
  if ('at' in start) return { ShardIteratorType: 'AT_SEQUENCE_NUMBER' as const, StartingSequenceNumber: start.at };
  return start.sinceMs === 0
    ? { ShardIteratorType: 'TRIM_HORIZON' as const }
    : { ShardIteratorType: 'AT_TIMESTAMP' as const, Timestamp: new Date(start.sinceMs) };
};

const recordOf = (record: KinesisRecord, shard: string): ShardRecord => {
  const { SequenceNumber = '', Data = new Uint8Array(), PartitionKey = '', ApproximateArrivalTimestamp } = record;
  const arrivedMs = ApproximateArrivalTimestamp?.getTime() ?? 0;
  const value = Buffer.from(Data.buffer, Data.byteOffset, Data.length);
  const properties = { 'kinesis.shard-id': shard, 'kinesis.sequence-number': SequenceNumber };
  const common = { value, key: PartitionKey, eventTimeMs: arrivedMs, properties };
  const isAggregated = value.subarray(0, AGGREGATED.length).equals(AGGREGATED);
  const given = isAggregated ? { ...common, error: aggregated(shard, SequenceNumber) } : common;
  return { sequenceNumber: SequenceNumber, arrivedMs, record: given };
};

const aggregated = (shard: string, sequenceNumber: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `record ${sequenceNumber} of shard ${shard} holds several that the Kinesis Producer Library aggregated: switch its aggregation off (AggregationEnabled)`,
  );
