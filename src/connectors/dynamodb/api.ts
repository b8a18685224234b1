import type { _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';
import { clientOptions } from '../aws/client-options.ts';
import { awsSourceError } from '../aws/errors.ts';
import type { Shard, ShardRecord, StreamApi } from '../streams/shard-log.ts';
import type { DynamodbConfig } from './source.ts';

/** Connects to a table's stream; nothing is asked of it yet. */
export const openStream = async (config: DynamodbConfig): Promise<StreamApi> => {
  const streams = await import('@aws-sdk/client-dynamodb-streams');
  const client = new streams.DynamoDBStreamsClient(clientOptions(config));
  const StreamArn = config.awsDynamodbStreamArn;
  const ask = async <T>(doing: string, signal: AbortSignal, answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw awsSourceError(error, `${doing} of ${StreamArn}`, signal);
    });

  return {
    shards: async (signal) => {
      const shards: Shard[] = [];
      for (let ExclusiveStartShardId: string | undefined, isLast = false; !isLast; ) {
        const command = new streams.DescribeStreamCommand({ StreamArn, ExclusiveStartShardId });
        const { StreamDescription } = await ask(
          'listing shards',
          signal,
          client.send(command, { abortSignal: signal }),
        );
        for (const { ShardId = '', ParentShardId, SequenceNumberRange } of StreamDescription?.Shards ?? []) {
          const isClosed = SequenceNumberRange?.EndingSequenceNumber !== undefined;
          shards.push({ id: ShardId, parents: ParentShardId === undefined ? [] : [ParentShardId], isClosed });
        }
        ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
        isLast = ExclusiveStartShardId === undefined;
      }
      return shards;
    },

    iterator: async (ShardId, start, signal) => {
      const from =
        'at' in start
          ? { ShardIteratorType: 'AT_SEQUENCE_NUMBER' as const, SequenceNumber: start.at }
          : { ShardIteratorType: 'TRIM_HORIZON' as const };
      const command = new streams.GetShardIteratorCommand({ StreamArn, ShardId, ...from });
      try {
        return (await client.send(command, { abortSignal: signal })).ShardIterator;
      } catch (error) {
        if ('at' in start && (error as Error).name === 'TrimmedDataAccessException') return undefined;
        throw awsSourceError(error, `finding the position in shard ${ShardId} of ${StreamArn}`, signal);
      }
    },

    records: async (shard, ShardIterator, signal) => {
      const command = new streams.GetRecordsCommand({ ShardIterator });
      const answer = await ask(`reading shard ${shard}`, signal, client.send(command, { abortSignal: signal }));
      const records = (answer.Records ?? []).map(recordOf);
      return { records, next: answer.NextShardIterator, isAtTip: false };
    },

    close: () => client.destroy(),
  };
};

const recordOf = ({ eventID, eventName, dynamodb = {} }: StreamRecord): ShardRecord => {
  const { ApproximateCreationDateTime, Keys, SequenceNumber = '' } = dynamodb;
  const createdMs = ApproximateCreationDateTime?.getTime() ?? 0;
  const change = { eventID, eventName, dynamodb: { ...dynamodb, ApproximateCreationDateTime: createdMs / 1_000 } };
  const record = {
    value: Buffer.from(json(change)),
    key: json(Keys ?? {}),
    eventTimeMs: createdMs,
    properties: { 'dynamodb.event-id': eventID ?? '', 'dynamodb.event-name': eventName ?? '' },
  };
  return { sequenceNumber: SequenceNumber, arrivedMs: createdMs, record };
};

/** As Lambda writes it: binary values in base 64. */
const json = (value: unknown): string =>
  JSON.stringify(value, (_, it: unknown) => (it instanceof Uint8Array ? Buffer.from(it).toString('base64') : it));
