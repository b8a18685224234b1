import type { Catalogue, ConnectorType } from '../../core/connector-type.ts';
import { typesOf } from '../config/package-choice.ts';
import { json } from '../http/answers.ts';
import type { Operation } from '../operation.ts';

/** GET `/builtinsources` and `/builtinsinks`: connectors that have that side, with the classes of both (PULSAR-ADMIN-CONTRACT 11). */
export const listBuiltins: Operation = async ({ deps, words }) => {
  const types = [...typesOf(deps.catalogue, words)].sort((a, b) => (a.name < b.name ? -1 : 1));
  return json(types.map((type) => definitionOf(deps.catalogue, type)));
};

const definitionOf = (catalogue: Catalogue, { name, summary }: ConnectorType) => {
  const source = catalogue.source(name);
  const sink = catalogue.sink(name);
  return {
    name,
    description: summary,
    sourceClass: source?.className,
    sinkClass: sink?.className,
    sourceConfigClass: source?.configClassName,
    sinkConfigClass: sink?.configClassName,
  };
};
