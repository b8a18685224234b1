import type { SourceConnector } from '../core/connector.ts';
import { recordSchemaOf } from '../core/connector-type.ts';
import { declaredNamespace, destinationOf } from '../core/destination.ts';
import { runtimeOptions } from '../core/runtime-options.ts';
import { outputSchemaOf } from '../core/source-schema.ts';
import { namespaceOf, readTopicName } from '../core/topic-name.ts';
import { compileTransform } from '../core/transform/transform.ts';
import { type OutputShape, outputShape } from '../delivery/output-shape.ts';
import { transformForTopic } from '../delivery/transformed.ts';
import type { RunDeps } from './run-deps.ts';

/** The transformation that a source's configuration asks for, as JSON text. */
export const transformConfigOf = ({ config }: SourceConnector): string | undefined =>
  runtimeOptions(config).transformFunctionConfig;

/** What the records of a source become before they are published; `transformConfig`: by default the configuration's. */
export const shapeOf = async (
  connector: SourceConnector,
  { catalogue }: Pick<RunDeps, 'catalogue'>,
  transformConfig = transformConfigOf(connector),
): Promise<OutputShape> => {
  const { config, type } = connector;
  const home = readTopicName(config.topicName);
  const declared = declaredNamespace(catalogue.source(type), config);
  const rules = { home, namespaces: [home ? namespaceOf(home) : '', ...(declared === undefined ? [] : [declared])] };
  const shape = {
    ...(await outputShape(outputSchemaOf(config, recordSchemaOf(catalogue.source(type))))),
    destinationOf: (named: string) => destinationOf(named, rules),
    takesSchemas: !config.schemaType,
  };
  if (!transformConfig) return shape;
  return { ...shape, transform: transformForTopic(compileTransform(transformConfig), config.topicName) };
};
