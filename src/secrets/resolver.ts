import type { Clock } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import { type ResolveSecret, type SecretReference, secretLabel } from '../core/secret-reference.ts';
import { readAwsSecret } from './aws.ts';

/** Options of {@link secretResolver}. */
export interface SecretResolverOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a value is used before it is read again, in milliseconds: the longest time until a rotated secret takes effect. */
  readonly ttlMs?: number;
  /** Reads from AWS, or a test's. */
  readonly readAws?: typeof readAwsSecret;
}

const DEFAULT_TTL_MS = 60_000;
const TIMEOUT_MS = 5_000;
/** Most values that are remembered; the oldest makes room. */
const MAX_REMEMBERED = 1_000;

/** Resolves references and remembers the values for a while, so that a run costs one look per secret and a rotated one takes effect without a deployment. */
export const secretResolver = (options: SecretResolverOptions): ResolveSecret => {
  const { clock, env, ttlMs = DEFAULT_TTL_MS, readAws = readAwsSecret } = options;
  const remembered = new Map<string, { readonly value: string; readonly untilMs: number }>();
  return async (reference, signal) => {
    if (reference.source === 'env') return given(env[reference.name], reference);
    const id = JSON.stringify([reference.source, reference.name, reference.key]);
    const known = remembered.get(id);
    if (known && known.untilMs > clock.monotonicMs()) return known.value;
    const value = given(await read(reference, readAws, signal), reference);
    remembered.delete(id);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(id, { value, untilMs: clock.monotonicMs() + ttlMs });
    return value;
  };
};

const given = (value: string | undefined, reference: SecretReference): string => {
  if (value !== undefined && value !== '') return value;
  throw new PulsarIoError('PIO_SECRET_UNAVAILABLE', `secret ${secretLabel(reference)} is not set`);
};

const read = async (
  reference: SecretReference,
  readAws: typeof readAwsSecret,
  signal: AbortSignal | undefined,
): Promise<string | undefined> => {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await readAws(reference, signal ? AbortSignal.any([signal, timeout]) : timeout);
  } catch (cause) {
    // The name of an AWS error says what is wrong; its message may quote the request.
    const why = cause instanceof Error ? cause.name : 'unknown error';
    throw new PulsarIoError('PIO_SECRET_UNAVAILABLE', `secret ${secretLabel(reference)} could not be read: ${why}`);
  }
};
