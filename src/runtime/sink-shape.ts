import type { SinkConnector } from '../core/connector.ts';
import type { SinkType } from '../core/connector-type.ts';
import type { MessagingSession } from '../core/messaging.ts';
import { compileTransform } from '../core/transform/transform.ts';
import { resolveConfig } from '../core/type-config.ts';
import { type ShapeRecord, shapeFor } from '../delivery/shape.ts';
import { WrittenSchemas } from '../delivery/written-schemas.ts';

/** What makes of a record what the target takes: read by its schema, and transformed where the configuration asks for it. */
export const sinkShape = (
  type: SinkType,
  { config }: SinkConnector,
  session: Pick<MessagingSession, 'schema'>,
): ShapeRecord => {
  const { inputSpecs, transformFunctionConfig } = config;
  const transform = transformFunctionConfig ? compileTransform(transformFunctionConfig) : undefined;
  const accepts = type.acceptsFor?.(resolveConfig(type.config, config.configs).config as never) ?? type.accepts;
  return shapeFor(accepts, new WrittenSchemas(session, inputSpecs), transform);
};
