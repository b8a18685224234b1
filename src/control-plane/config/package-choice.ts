import type { Catalogue, ConnectorType } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Form } from '../http/multipart.ts';
import type { KindWords } from '../kind-words.ts';
import type { CommonDraft } from './drafts.ts';
import { refuseConfig } from './refuse.ts';

const BUILTIN = 'builtin://';

/** Types of one kind. */
export const typesOf = (catalogue: Catalogue, { kind }: KindWords): readonly ConnectorType[] =>
  kind === 'source' ? catalogue.sources : catalogue.sinks;

/** The type of that kind and name. */
export const typeOf = (catalogue: Catalogue, { kind }: KindWords, name: string): ConnectorType | undefined =>
  kind === 'source' ? catalogue.source(name) : catalogue.sink(name);

/**
 * Refuses packages in the form: code for a JVM cannot run here. A `data` part next to a builtin archive is ignored, as in Pulsar
 * (PULSAR-ADMIN-CONTRACT 1.6). Throws `PIO_REQUEST_INVALID`.
 */
export const refusePackages = (catalogue: Catalogue, words: KindWords, draft: CommonDraft, form: Form): void => {
  const url = form.get('url')?.text.trim() ?? '';
  if (url) throw new PulsarIoError('PIO_REQUEST_INVALID', urlRefusal(catalogue, words, url));
  if (form.has('data') && !draft.archive?.startsWith(BUILTIN)) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', packageRefusal(catalogue, words));
  }
};

const urlRefusal = (catalogue: Catalogue, words: KindWords, url: string): string => {
  if (/^(source|sink|function):\/\//.test(url)) {
    return `Function Package management service is disabled. Please enable it to use ${url}`;
  }
  if (url.startsWith('file:')) return packageRefusal(catalogue, words);
  return 'Function Package url is not valid.supported url (http/https/file)';
};

const packageRefusal = (catalogue: Catalogue, words: KindWords): string => {
  const names = typesOf(catalogue, words).map(({ name }) => name);
  return `${words.title} package cannot run here: packages of JVM code are not taken. Use "archive": "builtin://TYPE"; available ${words.segments[0]} are ${names.join(', ')}`;
};

/** The type that `archive` names. Throws `PIO_CONFIG_INVALID` with Pulsar's texts. */
export const chooseType = (
  catalogue: Catalogue,
  words: KindWords,
  draft: CommonDraft,
  missing: string,
): ConnectorType => {
  const { archive = '', className } = draft;
  if (!archive.startsWith(BUILTIN)) return refuseConfig(missing);
  const name = archive.slice(BUILTIN.length);
  const type = typeOf(catalogue, words, name);
  if (type) return type;
  if (!catalogue.source(name) && !catalogue.sink(name)) {
    return refuseConfig(`Built-in ${words.kind} is not available`);
  }
  const notFound = words.kind === 'source' ? 'not found in class loader' : 'not found';
  return refuseConfig(
    className === undefined
      ? `Failed to extract ${words.kind} class from archive`
      : `${words.title} class ${className} ${notFound}`,
  );
};
