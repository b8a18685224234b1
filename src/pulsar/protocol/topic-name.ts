import { PulsarError } from '../errors.ts';

const PARTITION = /-partition-(0|[1-9]\d*)$/;
const NAMED_ENTITY = /^[-=:.\w]+$/;

/** A topic name taken apart. */
export interface TopicName {
  readonly domain: 'persistent' | 'non-persistent';
  readonly tenant: string;
  readonly namespace: string;
  readonly localName: string;
  /** The whole name, `persistent://tenant/namespace/local`. */
  readonly fullName: string;
  /** Index when the name ends in `-partition-N`, else -1. */
  readonly partition: number;
}

function invalid(name: string, why: string): PulsarError {
  return new PulsarError('InvalidTopicName', `${JSON.stringify(name)} is not a topic name: ${why}`);
}

/**
 * Reads `local`, `tenant/namespace/local` or `persistent://tenant/namespace/local` (also `non-persistent://`). Four parts, the
 * withdrawn V1 form, are refused. Throws `PulsarError` InvalidTopicName.
 */
export function parseTopicName(name: string): TopicName {
  const schemeEnd = name.indexOf('://');
  const domain = schemeEnd < 0 ? 'persistent' : name.slice(0, schemeEnd);
  if (domain !== 'persistent' && domain !== 'non-persistent') throw invalid(name, `unknown domain ${domain}`);
  const parts = (schemeEnd < 0 ? name : name.slice(schemeEnd + 3)).split('/');
  if (schemeEnd < 0 && parts.length === 1) parts.unshift('public', 'default');
  const [tenant, namespace, localName] = parts;
  if (parts.length !== 3 || tenant === undefined || namespace === undefined || localName === undefined) {
    throw invalid(name, 'it must be local, tenant/namespace/local or domain://tenant/namespace/local');
  }
  if (!NAMED_ENTITY.test(tenant) || !NAMED_ENTITY.test(namespace)) throw invalid(name, 'bad tenant or namespace');
  if (localName.trim() === '') throw invalid(name, 'the local name is blank');
  const partition = Number(PARTITION.exec(localName)?.[1] ?? -1);
  return {
    domain,
    tenant,
    namespace,
    localName,
    fullName: `${domain}://${tenant}/${namespace}/${localName}`,
    partition,
  };
}

/** Name of one partition of a partitioned topic. */
export function partitionTopicName(fullName: string, partition: number): string {
  return `${fullName}-partition-${partition}`;
}
