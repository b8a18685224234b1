import { PulsarError } from '../errors.ts';

/** Bytes that break the wire format, or a value that has no wire form. The connection that carried such bytes cannot be used further. */
export class ProtocolError extends PulsarError {
  override readonly name = 'ProtocolError';

  constructor(message: string, options?: ErrorOptions) {
    super('ProtocolError', message, options);
  }
}
