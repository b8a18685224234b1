import type { ZipCodes } from './zip-codes.ts';

/** A connector as its creator describes it. */
export interface SampleConnector {
  /** First path segment after `/admin/v3`. */
  readonly kind: 'sources' | 'sinks';
  readonly name: string;
  readonly config: object;
}

const TOPIC = 'persistent://public/default/zip-codes';

/** A file through a topic into a table, effectively once on both ways. */
export const sampleConnectors = ({ csvFile, database }: ZipCodes): readonly [SampleConnector, SampleConnector] => [
  {
    kind: 'sources',
    name: 'sample-file',
    config: {
      archive: 'builtin://file',
      topicName: TOPIC,
      processingGuarantees: 'EFFECTIVELY_ONCE',
      configs: {
        path: csvFile,
        format: 'csv',
        keyField: 'zip_code',
        csvTypes: { latitude: 'number', longitude: 'number' },
      },
    },
  },
  {
    kind: 'sinks',
    name: 'sample-sqlite',
    config: {
      archive: 'builtin://jdbc-sqlite',
      inputs: [TOPIC],
      sourceSubscriptionPosition: 'Earliest',
      processingGuarantees: 'EFFECTIVELY_ONCE',
      configs: { jdbcUrl: `jdbc:sqlite:${database}`, tableName: 'zip_codes', insertMode: 'INSERT' },
    },
  },
];
