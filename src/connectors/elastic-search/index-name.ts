import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { ElasticSearchConfig } from './config.ts';

/** Finds the index of a record. Throws `PIO_SINK_REJECTED` when it has none. */
export type IndexOf = (record: Pick<SinkRecord, 'topic' | 'eventTimeMs' | 'destination'>) => string;

const TIME_PATTERN = /%\{\+(.+?)\}/g;
/** What of Java's `DateTimeFormatter` is known here: the parts of date and time that are numbers, text in quotes, and signs. */
const TIME_PART = /yyyy|uuuu|yy|uu|MM?|dd?|HH?|mm?|ss?|SSS|DDD|'[^']*'|[^A-Za-z']/g;

const parts = (date: Date): Readonly<Record<string, number>> => ({
  y: date.getUTCFullYear(),
  u: date.getUTCFullYear(),
  M: date.getUTCMonth() + 1,
  d: date.getUTCDate(),
  H: date.getUTCHours(),
  m: date.getUTCMinutes(),
  s: date.getUTCSeconds(),
  S: date.getUTCMilliseconds(),
  D: Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
});

/** `date` in UTC by a pattern of Java's. */
export const formatTime = (pattern: string, date: Date): string => {
  const values = parts(date);
  return pattern.replaceAll(TIME_PART, (part) => {
    if (part.startsWith("'")) return part === "''" ? "'" : part.slice(1, -1);
    const value = values[part[0] as string];
    if (value === undefined) return part;
    const digits = String(value).padStart(part.length, '0');
    return part === 'yy' || part === 'uu' ? digits.slice(-2) : digits;
  });
};

const isKnown = (pattern: string): boolean => pattern.replaceAll(TIME_PART, '') === '';

/** Why `indexName` cannot be one; undefined: it can. As in Pulsar, more is asked of an index that is to be created. */
export const indexProblem = ({
  indexName,
  createIndexIfNeeded,
}: Pick<ElasticSearchConfig, 'indexName' | 'createIndexIfNeeded'>): string | undefined => {
  if (![...indexName.matchAll(TIME_PATTERN)].every(([, pattern = '']) => isKnown(pattern)))
    return "has a time pattern with letters other than y, u, M, d, H, m, s, S and D as numbers; quote text with '";
  const fixed = indexName.replaceAll(TIME_PATTERN, '');
  if (!createIndexIfNeeded || indexName === '') return undefined;
  if (fixed.toLowerCase() !== fixed) return 'must be in lower case';
  if (/^[-_+]/.test(indexName)) return 'must not begin with -, _ or +';
  if (indexName === '.' || indexName === '..') return 'must not be . or ..';
  return Buffer.byteLength(indexName) > 255 ? 'must have at most 255 bytes' : undefined;
};

/** The index that a topic has when none is configured. */
const indexOfTopic = (topic: string): string => {
  let name = topic.toLowerCase().split('/').at(-1) ?? '';
  while (Buffer.byteLength(name) > 255) name = name.slice(0, -1);
  if (/^[a-z.0-9][a-z_.\-+0-9]*$/.test(name)) return name;
  throw new PulsarIoError('PIO_SINK_REJECTED', `the topic ${topic} has no name that an index can have: give indexName`);
};

/** The index that a record names, else that of this config. */
export const indexNames = (config: Pick<ElasticSearchConfig, 'indexName'>): IndexOf => {
  const configured = configuredIndex(config);
  return (record) => record.destination ?? configured(record);
};

const configuredIndex = ({ indexName }: Pick<ElasticSearchConfig, 'indexName'>): IndexOf => {
  if (indexName === '') return ({ topic }) => indexOfTopic(topic);
  if (indexName.search(TIME_PATTERN) < 0) return () => indexName;
  return ({ eventTimeMs }) => {
    if (eventTimeMs === undefined)
      throw new PulsarIoError('PIO_SINK_REJECTED', 'the message has no event time, which the name of the index needs');
    return indexName.replaceAll(TIME_PATTERN, (_, pattern: string) => formatTime(pattern, new Date(eventTimeMs)));
  };
};
