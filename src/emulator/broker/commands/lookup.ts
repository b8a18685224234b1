import { crc32c } from '../../../pulsar/protocol/crc32c.ts';
import { LookupResult, PartitionedMetadataResult, ServerError, TopicsMode } from '../../../pulsar/protocol/enums.ts';
import type { Addresses } from '../broker.ts';
import { BrokerError, namespaceNotFound } from '../errors.ts';
import { parseTopicName } from '../topic-name.ts';
import type { CommandHandlers } from './index.ts';

/** A pattern longer than this is left to the client (subscriptionPatternMaxLength). */
const PATTERN_MAX_LENGTH = 50;

/** `pulsar://host:port` of this broker; `localHost` is the address that the asking client reached. */
export function brokerUrl({ advertisedHost, port }: Addresses, localHost: string): string {
  const host = advertisedHost ?? localHost.replace(/^::ffff:/, '');
  return `pulsar://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Hash of a topic list, as clients compare it: CRC32C over the sorted names, little-endian hex (PULSAR-WIRE 3.10). */
export function topicsHash(topics: readonly string[]): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(topics.length === 0 ? 0 : crc32c(Buffer.from([...topics].sort().join(','))));
  return bytes.toString('hex');
}

/** Metadata and lookup (PULSAR-WIRE 3.2) and topic lists (3.10). */
export const lookupCommands: CommandHandlers = {
  PARTITIONED_METADATA(connection, { topic, requestId, metadataAutoCreationEnabled }) {
    const type = 'PARTITIONED_METADATA_RESPONSE';
    try {
      const partitions = connection.broker.topics.partitionedMetadata(
        parseTopicName(topic),
        metadataAutoCreationEnabled ?? true,
      );
      connection.send(type, { requestId, partitions, response: PartitionedMetadataResult.Success });
    } catch (error) {
      connection.send(type, { requestId, response: PartitionedMetadataResult.Failed, ...failure(error) });
    }
  },
  LOOKUP(connection, { topic, requestId }) {
    try {
      const { namespace } = parseTopicName(topic);
      if (!connection.broker.cluster.policies(namespace)) throw namespaceNotFound();
      const brokerServiceUrl = brokerUrl(connection.broker.addresses, connection.localHost);
      connection.send('LOOKUP_RESPONSE', {
        requestId,
        brokerServiceUrl,
        response: LookupResult.Connect,
        authoritative: true,
      });
    } catch (error) {
      connection.send('LOOKUP_RESPONSE', { requestId, response: LookupResult.Failed, ...failure(error) });
    }
  },
  GET_TOPICS_OF_NAMESPACE(connection, fields) {
    const { requestId, namespace, mode, topicsPattern, topicsHash: known } = fields;
    const all = mode === TopicsMode.NON_PERSISTENT ? [] : connection.broker.topics.list(namespace);
    const pattern = topicsPattern && topicsPattern.length <= PATTERN_MAX_LENGTH ? compile(topicsPattern) : undefined;
    const topics = pattern ? all.filter((name) => pattern.test(withoutPartition(name))) : all;
    const hash = topicsHash(topics);
    const isKnown = known === hash;
    connection.send('GET_TOPICS_OF_NAMESPACE_RESPONSE', {
      requestId,
      topics: isKnown ? [] : topics,
      filtered: pattern !== undefined,
      topicsHash: hash,
      changed: !isKnown,
    });
  },
};

/** The pattern without its scheme, undefined when it is not an expression that JavaScript knows: the client then filters alone. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern.replace(/^[a-z-]+:\/\//, '')})$`);
  } catch {
    return undefined;
  }
}

function withoutPartition(name: string): string {
  return name.replace(/^[a-z-]+:\/\//, '').replace(/-partition-\d+$/, '');
}

function failure(error: unknown): { error: ServerError; message: string } {
  if (error instanceof BrokerError) return { error: error.serverError, message: error.message };
  return { error: ServerError.UnknownError, message: error instanceof Error ? error.message : String(error) };
}
