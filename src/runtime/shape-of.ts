import type { SourceConnector } from '../core/connector.ts';
import { recordSchemaOf } from '../core/connector-type.ts';
import { outputSchemaOf } from '../core/source-schema.ts';
import { type OutputShape, outputShape } from '../delivery/output-shape.ts';
import type { RunDeps } from './run-deps.ts';

/** What the records of a source become before they are published. */
export const shapeOf = async ({ config, type }: SourceConnector, { catalogue }: RunDeps): Promise<OutputShape> =>
  outputShape(outputSchemaOf(config, recordSchemaOf(catalogue.source(type))));
