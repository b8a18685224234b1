import { type Static, Type } from '@sinclair/typebox';
import { Check } from '@sinclair/typebox/value';
import { PulsarIoError } from './errors.ts';
import { schemaProblems } from './schema-problems.ts';

const runRequest = Type.Object(
  {
    kind: Type.Union([Type.Literal('source'), Type.Literal('sink')]),
    tenant: Type.String({ minLength: 1 }),
    namespace: Type.String({ minLength: 1 }),
    name: Type.String({ minLength: 1 }),
    uid: Type.String({ minLength: 1 }),
    generation: Type.Integer({ minimum: 1 }),
    instance: Type.Integer({ minimum: 0 }),
    /** After this wall-clock time, in milliseconds, the invocation is too old to be obeyed. */
    notAfterMs: Type.Number(),
    /** The run that invoked this one nears its deadline: ask it to hand over, and wait. */
    handOver: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
);

/** Payload of the asynchronous invocation that starts a run. A stale one is refused by the run (GUARANTEES rule 22). */
export type RunRequest = Readonly<Static<typeof runRequest>>;

/** Checks the payload of an invocation; throws `PIO_REQUEST_INVALID` naming what is wrong with it. */
export const readRunRequest = (payload: unknown): RunRequest => {
  if (Check(runRequest, payload)) return payload;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    `this is not the payload of a run: ${schemaProblems(runRequest, payload)}`,
  );
};
