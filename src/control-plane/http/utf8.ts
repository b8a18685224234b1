import { PulsarIoError } from '../../core/errors.ts';

/** The text of bytes that must be UTF-8. Throws `PIO_REQUEST_INVALID` with the position of the first byte that cannot be; `what` names the text. */
export const utf8Text = (what: string, bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  const again = Buffer.from(text, 'utf8');
  if (again.equals(bytes)) return text;
  const position = again.findIndex((byte, index) => byte !== bytes[index]);
  throw new PulsarIoError('PIO_REQUEST_INVALID', `${what} is not UTF-8: it breaks at byte ${position}`);
};
