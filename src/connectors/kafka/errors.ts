import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { isTlsCode } from '../tls-code.ts';

/** Which side of a delivery Kafka is on: it decides between `PIO_SOURCE_…` and `PIO_SINK_…`. */
export type KafkaSide = 'source' | 'sink';

/** What is used of an error of the client library. */
interface Failure {
  readonly message: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  /** Name of the error that the server answered (Kafka protocol guide, "Error Codes"). */
  readonly apiId?: string;
  readonly response?: unknown;
}

const MISCONFIGURED = [
  ...['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'TOPIC_AUTHORIZATION_FAILED', 'POLICY_VIOLATION'],
  ...['CLUSTER_AUTHORIZATION_FAILED', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'SASL_AUTHENTICATION_FAILED'],
  ...['UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE', 'UNSUPPORTED_VERSION', 'INVALID_TRANSACTION_TIMEOUT'],
  ...['INVALID_REPLICATION_FACTOR', 'UNSUPPORTED_COMPRESSION_TYPE', 'SECURITY_DISABLED'],
];
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];
const REJECTED = ['INVALID_RECORD', 'INVALID_TIMESTAMP'];
const FENCED = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_TXN_STATE'];

/** The error and everything that it holds, outermost first. */
function* chainOf(error: unknown): Generator<Failure> {
  if (!(error instanceof Error) && typeof (error as Failure | null)?.message !== 'string') return;
  const known = error as Failure;
  yield known;
  for (const inner of known.errors ?? []) yield* chainOf(inner);
  if (known.cause !== undefined) yield* chainOf(known.cause);
}

/** Words for a part of a request that say nothing where another part has a word of its own. */
const EMPTY_WORDS = ['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_SERVER_ERROR'];

/** What the server answered, most telling first. */
const answersIn = (error: unknown): Failure[] => {
  const told = [...chainOf(error)].filter(({ apiId }) => apiId !== undefined);
  const isEmpty = ({ apiId = '' }: Failure): number => Number(EMPTY_WORDS.includes(apiId));
  return told.toSorted((a, b) => isEmpty(a) - isEmpty(b));
};

/** The server's own word for what is wrong; undefined when no server answered. */
export const kafkaErrorId = (error: unknown): string | undefined => answersIn(error)[0]?.apiId;

/** What the server answered beside its errors: some partitions of a request may have succeeded. */
export const answerOf = <T>(error: unknown): T | undefined => (error as Failure).response as T | undefined;

/** Of TLS, or of a protocol that the other side does not speak there: trying again would not help. */
const isMismatch = (error: unknown): boolean => {
  for (const { code, message } of chainOf(error)) {
    if (isTlsCode(code) || /requires TLS|TLS handshake failed/.test(message)) return true;
    if (code === 'PLT_KFK_AUTHENTICATION') return true;
  }
  return false;
};

/** True when a record, not the server, is to blame. */
export const isRejection = (error: unknown): boolean => [...TOO_LARGE, ...REJECTED].includes(kafkaErrorId(error) ?? '');

const codeOf = (error: unknown, side: KafkaSide): ErrorCode => {
  const prefix = side === 'sink' ? 'PIO_SINK' : 'PIO_SOURCE';
  const id = kafkaErrorId(error) ?? '';
  if (MISCONFIGURED.includes(id) || isMismatch(error)) return `${prefix}_MISCONFIGURED`;
  if (side === 'sink' && TOO_LARGE.includes(id)) return 'PIO_RECORD_TOO_LARGE';
  if (side === 'sink' && REJECTED.includes(id)) return 'PIO_SINK_REJECTED';
  if (FENCED.includes(id)) return 'PIO_FENCED';
  return `${prefix}_UNAVAILABLE`;
};

/** The innermost texts: those around them say only that something failed. */
const textOf = (error: unknown): string => {
  const [told] = answersIn(error);
  if (told) return `${told.apiId}: ${told.message}`;
  const text = ([...chainOf(error)].at(-1)?.message ?? String(error)).slice(0, 300);
  return /closed/.test(text) ? `${text}, as a broker does that went away, or wants TLS or SASL there` : text;
};

/** An error of the client library as ours. It may keep the request with its records, so it is left out as a cause. */
export const kafkaError = (error: unknown, doing: string, side: KafkaSide): PulsarIoError =>
  error instanceof PulsarIoError ? error : new PulsarIoError(codeOf(error, side), `${doing}: ${textOf(error)}`);
