import type { ConnectorKind } from '../core/connector.ts';

/** The words of Pulsar's API for one kind of connector: the only place where sources and sinks differ in name. */
export interface KindWords {
  readonly kind: ConnectorKind;
  /** As it begins an error text: `Sink k1 doesn't exist`. */
  readonly title: 'Source' | 'Sink';
  /** First path segments: Pulsar's own clients use the singular. */
  readonly segments: readonly string[];
  /** Name of the multipart part that carries the configuration. */
  readonly configPart: 'sourceConfig' | 'sinkConfig';
  readonly builtins: string;
  readonly reload: string;
}

const SOURCE: KindWords = {
  kind: 'source',
  title: 'Source',
  segments: ['sources', 'source'],
  configPart: 'sourceConfig',
  builtins: 'builtinsources',
  reload: 'reloadBuiltInSources',
};

const SINK: KindWords = {
  kind: 'sink',
  title: 'Sink',
  segments: ['sinks', 'sink'],
  configPart: 'sinkConfig',
  builtins: 'builtinsinks',
  reload: 'reloadBuiltInSinks',
};

/** The words of both kinds. */
export const KINDS: readonly KindWords[] = [SOURCE, SINK];

/** Words of a kind by the path segment after `/admin/v3`; undefined for any other segment. */
export const kindWordsOf = (segment: string): KindWords | undefined =>
  KINDS.find(({ segments }) => segments.includes(segment));
