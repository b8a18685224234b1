import { PulsarIoError } from '../errors.ts';
import { parseWithBigInts } from '../exact-json.ts';
import { compileExpression, type Expression, type Scope } from './expression.ts';
import { isTrue } from './operators.ts';
import { STEPS } from './steps.ts';

/** A record as transformations see it. */
export interface TransformRecord {
  /** Fields, text, bytes or another value; null is a tombstone. */
  readonly value: unknown;
  /** The key of a KeyValue; undefined when the value is none. */
  readonly key?: unknown;
  /** The message's key. */
  readonly messageKey?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly eventTimeMs?: number | undefined;
  readonly topic: string;
  /** Where it goes instead of where its connector writes to. */
  readonly destinationTopic?: string | undefined;
}

/** Makes another record of a record; undefined: it is dropped. A pure function. Throws `TypeError`, never with a value of the record. */
export type Transform = (record: TransformRecord) => TransformRecord | undefined;

/** One step, made of its settings. Throws `TypeError` that says what would be right. */
export type MakeStep = (settings: Readonly<Record<string, unknown>>) => Transform;

const MAX_STEPS = 100;

/** What expressions see of a record. */
export const scopeOf = ({
  value,
  key,
  messageKey,
  properties,
  eventTimeMs,
  topic,
  destinationTopic,
}: TransformRecord): Scope => ({
  value,
  key: key ?? null,
  messageKey: messageKey ?? null,
  properties,
  eventTime: eventTimeMs ?? null,
  topicName: topic,
  destinationTopic: destinationTopic ?? null,
});

/** Compiles the JSON text `{"steps": [...]}` of Pulsar's transformations. Throws `PIO_CONFIG_INVALID` that names the step and what would be right. */
export const compileTransform = (text: string): Transform => {
  const steps = readSteps(text).map((settings, index) => compileStep(settings, index + 1));
  return (record) => {
    let current: TransformRecord | undefined = record;
    for (const step of steps) {
      if (current === undefined) return undefined;
      current = step(current);
    }
    return current;
  };
};

/** True when a step of it may say where a record goes. Throws what {@link compileTransform} throws. */
export const routesRecords = (text: string): boolean =>
  readSteps(text).some((step) => {
    const { fields } = (step ?? {}) as { readonly fields?: unknown };
    return Array.isArray(fields) && fields.some((field) => field?.name === 'destinationTopic');
  });

const readSteps = (text: string): readonly unknown[] => {
  let config: unknown;
  try {
    config = parseWithBigInts(text);
  } catch {
    throw invalid('it is not JSON');
  }
  const { steps, ...unknown } = (config ?? {}) as { readonly steps?: unknown };
  const isObject = typeof config === 'object' && !Array.isArray(config);
  if (!isObject || !Array.isArray(steps)) throw invalid('it must be {"steps": [...]}');
  if (Object.keys(unknown).length > 0) throw invalid(`${Object.keys(unknown)[0]} is not known; known is steps`);
  if (steps.length > MAX_STEPS) throw invalid(`it has more than ${MAX_STEPS} steps`);
  return steps;
};

const compileStep = (given: unknown, number: number): Transform => {
  const { type, when, ...settings } = (given ?? {}) as Record<string, unknown>;
  try {
    const make = typeof type === 'string' && Object.hasOwn(STEPS, type) ? STEPS[type] : undefined;
    if (!make) throw new TypeError(`its type must be one of ${Object.keys(STEPS).join(', ')}`);
    const step = make(settings);
    return when === undefined ? step : conditional(step, conditionOf(when));
  } catch (error) {
    const of = typeof type === 'string' ? ` (${type.slice(0, 50)})` : '';
    throw invalid(`step ${number}${of}: ${(error as Error).message}`);
  }
};

const conditionOf = (when: unknown): Expression => {
  if (typeof when !== 'string') throw new TypeError('when must be an expression, as text');
  try {
    return compileExpression(when);
  } catch (error) {
    throw new TypeError(`when: ${(error as Error).message}`);
  }
};

const conditional =
  (step: Transform, condition: Expression): Transform =>
  (record) =>
    isTrue(condition(scopeOf(record))) ? step(record) : record;

const invalid = (problem: string): PulsarIoError =>
  new PulsarIoError('PIO_CONFIG_INVALID', `transformFunctionConfig: ${problem}`);
