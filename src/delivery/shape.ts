import type middy from '@middy/core';
import { PulsarIoError } from '../core/errors.ts';
import type { SinkRecord } from '../core/record.ts';
import type { Transform } from '../core/transform/transform.ts';
import { type Accepts, decodeRecord } from './decode.ts';
import { inputRecord, pending, type SinkBatch, type SinkItem } from './sink-batch.ts';
import { transformForTarget } from './transformed.ts';
import type { Written, WrittenSchemas } from './written-schemas.ts';

/** Makes of a record what the target takes; undefined: a transformation drops it. Throws with what concerns this record (`reject`), or with what ends the attempt. */
export type ShapeRecord = (record: SinkRecord) => Promise<SinkRecord | undefined> | SinkRecord | undefined;

/** Reads records by the schemas that they were written with, transforms them where that is asked for, and gives them the form that a sink takes. */
export const shapeFor =
  (accepts: Accepts, schemas: WrittenSchemas | undefined, transform?: Transform): ShapeRecord =>
  (record) => {
    const isRaw = accepts === 'bytes' && !transform;
    const read = (written?: Written) =>
      transform ? transformForTarget(record, accepts, written, transform) : decodeRecord(record, accepts, written);
    const written = isRaw || record.unreadable !== undefined ? undefined : schemas?.of(record);
    return written ? written.then(read) : read();
  };

/** Gives every record the form in which the target takes it. One that cannot have it is rejected; the others go on. */
export const shape = (toTarget: ShapeRecord): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    for (const item of pending(batch)) {
      if (item.error || item.shaped) continue;
      try {
        const shaped = toTarget(inputRecord(item));
        const forTarget = shaped instanceof Promise ? await shaped : shaped;
        if (forTarget) item.shaped = forTarget;
        else item.outcome = 'filtered';
      } catch (error) {
        refuse(batch, item, error);
      }
    }
  },
});

const refuse = (batch: SinkBatch, item: SinkItem, error: unknown): void => {
  if (!(error instanceof PulsarIoError) || error.disposition !== 'reject') throw error;
  item.error = error;
  item.lastError = error;
  item.attempts += 1;
  batch.counters.systemException(error);
};
