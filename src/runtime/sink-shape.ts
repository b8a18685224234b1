import type { SinkConnector } from '../core/connector.ts';
import type { SinkType } from '../core/connector-type.ts';
import type { MessagingSession } from '../core/messaging.ts';
import { compileTransform } from '../core/transform/transform.ts';
import { type ShapeRecord, shapeFor } from '../delivery/shape.ts';
import { WrittenSchemas } from '../delivery/written-schemas.ts';

/** What makes of a record what the target takes with `typeConfig`: read by its schema, and transformed where the configuration asks for it. */
export const sinkShape = (
  type: SinkType,
  typeConfig: never,
  { config }: SinkConnector,
  session: Pick<MessagingSession, 'schema'>,
): ShapeRecord => {
  const { inputSpecs, transformFunctionConfig } = config;
  const transform = transformFunctionConfig ? compileTransform(transformFunctionConfig) : undefined;
  const accepts = type.acceptsFor?.(typeConfig) ?? type.accepts;
  return shapeFor(accepts, new WrittenSchemas(session, inputSpecs), transform);
};
