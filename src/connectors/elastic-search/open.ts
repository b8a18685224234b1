import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { ElasticSearchConfig } from './config.ts';
import { connectSearch } from './connect.ts';
import { documents } from './document.ts';
import { indexNames } from './index-name.ts';
import { Indices } from './indices.ts';
import { type Action, ElasticSearchSession } from './session.ts';

const BYTES_PER_MB = 1024 * 1024;

/** Connects to the servers; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openElasticSearch = async (
  config: ElasticSearchConfig,
  { guarantee, signal }: OpenContext,
): Promise<OpenSink> => {
  const isVersioned = guarantee === 'EFFECTIVELY_ONCE';
  const server = await connectSearch(config, isVersioned, signal);
  const { bulkActions, bulkSizeInMb, compatibilityMode, typeName, malformedDocAction, elasticSearchUrl } = config;
  return new ElasticSearchSession({
    server,
    indices: new Indices(server, config),
    indexOf: indexNames(config),
    actionOf: actions(config, isVersioned),
    isVersioned,
    typeName: compatibilityMode === 'ELASTICSEARCH_7' && typeName !== '_doc' ? typeName : undefined,
    dropsMalformed: malformedDocAction !== 'FAIL',
    limits: {
      operations: bulkActions < 0 ? Number.POSITIVE_INFINITY : bulkActions,
      bytes: bulkSizeInMb < 0 ? Number.POSITIVE_INFINITY : bulkSizeInMb * BYTES_PER_MB,
    },
    target: elasticSearchUrl,
  });
};

const actions = (config: ElasticSearchConfig, isVersioned: boolean) => {
  const { nullValueAction, deletedField } = config;
  const toDocument = documents(config, isVersioned);
  return (record: SinkRecord): Action | undefined => {
    if (record.value === null && nullValueAction === 'IGNORE') return undefined;
    if (record.value === null && nullValueAction === 'FAIL')
      throw new PulsarIoError('PIO_RECORD_UNREADABLE', 'the message has no payload, and nullValueAction is FAIL');
    const { id, source } = toDocument(record);
    if (id === undefined) return undefined;
    if (source !== null) return { action: 'index', id, source };
    if (!isVersioned) return { action: 'delete', id };
    // A server forgets the version of what is removed: after `index.gc_deletes`, and whenever the shard is opened anew.
    const deletedAt = new Date(record.publishTimeMs).toISOString();
    return { action: 'index', id, source: JSON.stringify({ [deletedField]: deletedAt }) };
  };
};
