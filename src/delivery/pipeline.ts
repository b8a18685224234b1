import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { OpenSink, TransactionalSink } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { Guarantee } from '../core/guarantee.ts';
import { atLeastOnceSink, atLeastOnceSource } from './at-least-once.ts';
import { atMostOnceSink, atMostOnceSource } from './at-most-once.ts';
import { deadLetterSink, deadLetterSource } from './dead-letter.ts';
import { effectivelyOnceSink } from './effectively-once-sink.ts';
import { effectivelyOnceSource } from './effectively-once-source.ts';
import { encode } from './encode.ts';
import { observeSink, observeSource } from './observe.ts';
import { publish } from './publish.ts';
import { queueAtLeastOnce, queueAtMostOnce } from './queue-guarantees.ts';
import type { ResumedOutputs } from './resume-outputs.ts';
import { type ShapeRecord, shape } from './shape.ts';
import type { SinkBatch } from './sink-batch.ts';
import { type SourceBatch, unsettled } from './source-batch.ts';
import { write } from './write.ts';

/** A pipeline: settles a sink's batch as far as one pass can, a source's in as many passes as it takes. Throws when the session, the store or the target as a whole failed. */
export type Pipeline<Batch> = (batch: Batch) => Promise<void>;

/** How a guarantee is kept for sources. */
export interface SourceGuarantee {
  /** True: producers have fixed names, and a run first finds out what the broker holds of them. */
  readonly resumes: boolean;
  /** `resumed` is given exactly when `resumes`. */
  middleware(resumed: ResumedOutputs | undefined): middy.MiddlewareObj<SourceBatch, void>;
}

/** How a guarantee is kept for sinks. */
export interface SinkGuarantee {
  /** True: progress is our own frontier per topic-partition, which belongs to one instance; false: the broker's acknowledgements. */
  readonly keepsFrontier: boolean;
  /** True: dead letters are published under a fixed name and deduplicated. */
  readonly namesDeadLetters: boolean;
  middleware(): middy.MiddlewareObj<SinkBatch, void>;
}

/** How a guarantee is kept for queue sources. */
export interface QueueGuarantee {
  /** True: message ids are remembered by tombstones, so every message needs one. */
  readonly remembers: boolean;
  /** Absent: messages go into the inbox before they are settled, and from there as a log's records do. */
  middleware?(): middy.MiddlewareObj<SourceBatch, void>;
}

/** What keeps each guarantee; handed in, so that a test can show what happens when another keeps it. */
export interface Guarantees {
  readonly source: Readonly<Record<Guarantee, SourceGuarantee>>;
  readonly queue: Readonly<Record<Guarantee, QueueGuarantee>>;
  readonly sink: Readonly<Record<Guarantee, SinkGuarantee>>;
}

/** The guarantees as they are kept. */
export const GUARANTEE_KEEPERS: Guarantees = {
  source: {
    ATMOST_ONCE: { resumes: false, middleware: atMostOnceSource },
    ATLEAST_ONCE: { resumes: false, middleware: atLeastOnceSource },
    EFFECTIVELY_ONCE: { resumes: true, middleware: (resumed) => effectivelyOnceSource(resumed as ResumedOutputs) },
  },
  queue: {
    ATMOST_ONCE: { remembers: true, middleware: queueAtMostOnce },
    ATLEAST_ONCE: { remembers: false, middleware: queueAtLeastOnce },
    EFFECTIVELY_ONCE: { remembers: true },
  },
  sink: {
    ATMOST_ONCE: { keepsFrontier: true, namesDeadLetters: false, middleware: atMostOnceSink },
    ATLEAST_ONCE: { keepsFrontier: false, namesDeadLetters: false, middleware: atLeastOnceSink },
    EFFECTIVELY_ONCE: { keepsFrontier: true, namesDeadLetters: true, middleware: effectivelyOnceSink },
  },
};

/** The pipeline has no Lambda context of its own: its deadline is the batch's signal. */
const NO_CONTEXT = {} as Context;

/** observe → encode → guarantee → dead letter → publish. */
export const sourcePipeline = (guarantee: middy.MiddlewareObj<SourceBatch, void>): Pipeline<SourceBatch> => {
  const handler = middy<SourceBatch, void>()
    .use(observeSource())
    .use(encode())
    .use(guarantee)
    .use(deadLetterSource())
    .handler(publish);
  return async (batch) => {
    for (let left = batch.items.length + 1; left > 0; ) {
      await handler(batch, NO_CONTEXT);
      const now = unsettled(batch).length;
      if (now === left)
        throw new PulsarIoError('PIO_INTERNAL', `${now} records of ${batch.sourcePartition} stay unsettled`);
      left = now;
    }
  };
};

/** What a sink pipeline is made of. */
export interface SinkPipelineOptions {
  readonly guarantee: middy.MiddlewareObj<SinkBatch, void>;
  /** What makes of a record what the target takes. */
  readonly toTarget: ShapeRecord;
  readonly subscription: string;
  readonly sink: OpenSink | TransactionalSink;
}

/** observe → shape → guarantee → dead letter → write. */
export const sinkPipeline = (options: SinkPipelineOptions): Pipeline<SinkBatch> => {
  const { guarantee, toTarget, subscription, sink } = options;
  const handler = middy<SinkBatch, void>()
    .use(observeSink())
    .use(shape(toTarget))
    .use(guarantee)
    .use(deadLetterSink(subscription))
    .handler(write(sink));
  return async (batch) => {
    await handler(batch, NO_CONTEXT);
  };
};
