import { PulsarIoError } from '../../core/errors.ts';
import { parseJson } from '../http/json-text.ts';
import type { Form } from '../http/multipart.ts';
import type { KindWords } from '../kind-words.ts';
import type { CommonDraft } from './drafts.ts';
import { readUpdateOptions } from './drafts.ts';
import { kindRulesOf } from './kind-rules.ts';
import { type Reader, Unreadable } from './readers.ts';

/** The configuration part of a form. Throws `PIO_REQUEST_INVALID`: Pulsar's text when there is none of type application/json. */
export const readDraft = (form: Form, words: KindWords): CommonDraft => {
  const draft = readPart(form, words.configPart, kindRulesOf(words.kind).read);
  if (draft) return draft;
  throw new PulsarIoError('PIO_REQUEST_INVALID', `${words.title} config is not provided`);
};

/** True when the form asks for the caller's credentials to replace the stored ones. */
export const asksForAuthData = (form: Form): boolean =>
  readPart(form, 'updateOptions', readUpdateOptions)?.updateAuthData ?? false;

const readPart = <T>(form: Form, name: string, read: Reader<T>): T | undefined => {
  const part = form.get(name);
  if (!part || part.isFile || part.mediaType !== 'application/json') return undefined;
  const value = parseJson(`The part ${name}`, part.text);
  try {
    return value === null ? undefined : read(value);
  } catch (cause) {
    if (!(cause instanceof Unreadable)) throw cause;
    const what = cause.path.length > 0 ? `${cause.path.join('.')} in the part ${name}` : `The part ${name}`;
    throw new PulsarIoError('PIO_REQUEST_INVALID', `${what} ${cause.problem}`, { cause });
  }
};
