import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkElasticSearch } from './check.ts';
import { elasticSearchConfig } from './config.ts';

/**
 * Indexes JSON objects as documents in Elasticsearch or OpenSearch. Under EFFECTIVELY_ONCE each write carries its record's version as the document's external one, and a
 * deletion leaves a document with its version, so a repeated or late write has no effect. It needs ids that come from one topic-partition.
 */
export const elasticSearchSink = defineSink<typeof elasticSearchConfig>({
  name: 'elastic_search',
  summary: 'A sink connector that sends pulsar messages to elastic search',
  className: 'org.apache.pulsar.io.elasticsearch.ElasticSearchSink',
  configClassName: 'org.apache.pulsar.io.elasticsearch.ElasticSearchConfig',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'text',
  destination: 'index',
  config: elasticSearchConfig,
  check: checkElasticSearch,
  open: async (config, context) => (await import('./open.ts')).openElasticSearch(config, context),
});
