import type { Catalogue, SinkType, SourceType } from '../core/connector-type.ts';
import { cassandraSink } from './cassandra/sink.ts';
import { dataGeneratorSource } from './data-generator/source.ts';
import { fileSource } from './file/source.ts';
import { httpSource } from './http/source.ts';
import { jdbcSqliteSink } from './jdbc/sqlite-sink.ts';
import { sqsSink } from './sqs/sink.ts';
import { sqsSource } from './sqs/source.ts';

const byName = <T extends { readonly name: string }>(types: readonly T[]): ReadonlyMap<string, T> =>
  new Map(types.map((type) => [type.name, type]));

/** A catalogue of the given types, listed by name. */
export const catalogueOf = (sinks: readonly SinkType[], sources: readonly SourceType[]): Catalogue => {
  const order = <T extends { readonly name: string }>(types: readonly T[]): readonly T[] =>
    types.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const [sinksByName, sourcesByName] = [byName(sinks), byName(sources)];
  return {
    sink: (name) => sinksByName.get(name),
    source: (name) => sourcesByName.get(name),
    sinks: order(sinks),
    sources: order(sources),
  };
};

/** Every connector type of the product. Loading it opens nothing: drivers are loaded when a connector is opened. */
export const catalogue: Catalogue = catalogueOf(
  [cassandraSink, jdbcSqliteSink, sqsSink],
  [dataGeneratorSource, fileSource, httpSource, sqsSource],
);
