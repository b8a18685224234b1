import { PulsarIoError } from '../../core/errors.ts';
import { PulsarError } from '../errors.ts';

/** What a run asked for that the native client has no means to do. */
export const notThere = (what: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_GUARANTEE_REFUSED',
    `${what} with PULSAR_CLIENT=native, which holds ATLEAST_ONCE only; unset PULSAR_CLIENT, or change the guarantee`,
  );

/** Runs `work`; the text at the end of what it throws ("Failed to …: TimeOut") becomes the code. */
export const acting = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = /: (?:Result)?(\w+)$/.exec(message)?.[1] ?? 'UnknownError';
    throw new PulsarError(code, message, { cause: error });
  }
};
