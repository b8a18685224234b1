import { PulsarIoError } from '../../core/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { isTlsCode } from '../tls-code.ts';

/** Whose error it is. */
export type Side = 'SOURCE' | 'SINK';

/** Reply codes of AMQP 0-9-1 (RabbitMQ's "amqp0-9-1 reference") that an operator has to mend: access, a missing or locked object, another definition, what the server cannot do. */
const MISCONFIGURED = new Set([403, 404, 405, 406, 530, 540]);

/** What is used of an error, which need not be an `Error` of this realm. */
interface Failure {
  readonly code: unknown;
  readonly message: string;
}

/** The reply code of a server that ends the handshake is in the client's text only. */
const replyCodeOf = ({ code, message }: Failure): number =>
  typeof code === 'number' ? code : Number(/terminated by server: (\d{3})\b/.exec(message)?.[1]);

/** The client says nothing of why the server closes the connection instead of opening the virtual host. */
const isNoVirtualHost = ({ message }: Failure): boolean => /ConnectionOpenOk; got <ConnectionClose/.test(message);

/** An error of `amqplib` as ours; `doing` says what was asked of what. Texts of the server name objects and sizes, never payloads or passwords. */
export const rabbitmqError = (error: unknown, doing: string, side: Side, signal?: AbortSignal): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (signal) throwIfAborted(signal, doing);
  const { code, message = '' } = error as Partial<Failure>;
  const failure = { code, message };
  const isMisconfigured = MISCONFIGURED.has(replyCodeOf(failure)) || isTlsCode(code) || isNoVirtualHost(failure);
  const what = isNoVirtualHost(failure)
    ? 'the server refuses the virtual host: it is not there, or the user has no right to it'
    : (message || String(code ?? 'no answer')).slice(0, 300);
  return new PulsarIoError(`PIO_${side}_${isMisconfigured ? 'MISCONFIGURED' : 'UNAVAILABLE'}`, `${doing}: ${what}`, {
    cause: error,
  });
};
