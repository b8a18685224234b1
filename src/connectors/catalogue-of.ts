import type { Catalogue, SinkType, SourceType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';

const byName = <T extends { readonly name: string }>(types: readonly T[]): ReadonlyMap<string, T> => {
  const names = types.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return new Map(types.map((type) => [type.name, type]));
  throw new PulsarIoError('PIO_CONFIG_INVALID', `two connector types have the name ${twice}: leave one package out`);
};

/** A catalogue of the given types, listed by name. Throws `PIO_CONFIG_INVALID` when two sinks or two sources have one name. */
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
