import type { Catalogue, SinkType, SourceType } from '../core/connector-type.ts';

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
