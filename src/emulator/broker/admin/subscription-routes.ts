import { decompressPayload } from '../../../pulsar/protocol/compression.ts';
import { parsePayload } from '../../../pulsar/protocol/payload.ts';
import { deleteSubscription, seek } from '../commands/positions.ts';
import { AdminError } from '../errors.ts';
import { flushCursors } from '../maintenance.ts';
import { EARLIEST, type EntryKey, formatKey, keyOf, LATEST } from '../state/entry-key.ts';
import type { Topic } from '../topic.ts';
import { type AdminRequest, type RawReply, type Route, raw } from './router.ts';
import { keyOfBody, subscriptionOf, topicNameOf, topicOf, topicsOf } from './topic-names.ts';

const topic = '/admin/v2/persistent/:t/:n/:topic';
const subscription = `${topic}/subscription/:s`;
/** Largest message that peeking shows. */
const PEEK_MAX_BYTES = 64 * 1024 * 1024;

function createSubscription(request: AdminRequest): void {
  const { broker, params, body } = request;
  const name = params.s as string;
  const base = topicNameOf(request);
  const topics = broker.topics.partitions(base) > 0 ? topicsOf(request) : [broker.topics.open(base, true)];
  if (topics.every((one) => one.subscriptions.has(name)))
    throw new AdminError(409, 'Subscription already exists for topic');
  const properties = (body as { properties?: Record<string, string> } | undefined)?.properties ?? {};
  broker.db.transaction(() => {
    for (const one of topics.filter(({ subscriptions }) => !subscriptions.has(name))) {
      const cursor = { name, markDelete: markDeleteBefore(one, keyOfBody(body)), acked: [], properties };
      broker.topicStore.saveCursor(one.topicId, cursor);
      one.addSubscription(cursor, true);
    }
  });
}

function markDeleteBefore(one: Topic, key: EntryKey): EntryKey {
  if (key === LATEST || key === EARLIEST) return one.startPosition(key === EARLIEST);
  return one.log.index.previous(Math.min(key, one.log.index.tail));
}

function removeSubscription(request: AdminRequest): void {
  for (const one of topicsOf(request)) {
    const found = subscriptionOf(request, one);
    if (found.consumers.length > 0 && request.query.get('force') !== 'true') {
      throw new AdminError(412, 'Subscription has active connected consumers');
    }
    deleteSubscription(request.broker, one, found);
  }
}

/** `isExcluded`: the entry itself is not delivered again. */
function resetToId(request: AdminRequest): void {
  const one = topicOf(request);
  const found = subscriptionOf(request, one);
  const key = keyOfBody(request.body);
  const isExcluded = (request.body as { isExcluded?: boolean } | undefined)?.isExcluded === true;
  seek(request.broker, one, found, isExcluded ? one.log.index.next(key) : key);
}

function resetToTime(request: AdminRequest): void {
  for (const one of topicsOf(request)) {
    seek(
      request.broker,
      one,
      subscriptionOf(request, one),
      one.log.firstPublishedSince(Number(request.params.timestamp)),
    );
  }
}

/** Acknowledges up to what `end` finds, and stores that. */
function skip(request: AdminRequest, end: (one: Topic) => EntryKey): void {
  for (const one of topicsOf(request)) {
    subscriptionOf(request, one).skipThrough(end(one));
    request.broker.db.transaction(() => flushCursors(request.broker.topicStore, one));
  }
}

/** The n-th unacknowledged entry, counted from 1. */
function nthUnacked(request: AdminRequest, one: Topic, n: number): EntryKey {
  const { cursor } = subscriptionOf(request, one);
  let key = cursor.nextUnacked(cursor.markDelete + 1);
  for (let i = 1; i < n && key < one.log.index.tail; i++) key = cursor.nextUnacked(key + 1);
  return key;
}

function setProperties(request: AdminRequest): void {
  for (const one of topicsOf(request)) {
    const found = subscriptionOf(request, one);
    found.properties = request.body as Record<string, string>;
    const { name, properties, cursor } = found;
    request.broker.topicStore.saveCursor(one.topicId, { name, properties, ...cursor.snapshot() });
  }
}

/** An entry as the admin REST shows it: payload uncompressed, the rest in headers. */
function show(one: Topic, key: EntryKey): RawReply {
  const entry = one.log.readOne(key);
  if (!entry) throw new AdminError(404, 'Message not found');
  const { data } = entry;
  const parsed = parsePayload(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (!parsed.checksumOk) throw new AdminError(500, 'The stored message is corrupt');
  const { metadata, payload } = parsed;
  const bytes = metadata.compression
    ? decompressPayload(metadata.compression, payload, metadata.uncompressedSize ?? 0, PEEK_MAX_BYTES)
    : payload;
  const headers: Record<string, string> = {
    'content-type': 'application/octet-stream',
    'X-Pulsar-Message-ID': formatKey(key),
    'X-Pulsar-publish-time': new Date(metadata.publishTime).toISOString(),
    'X-Pulsar-producer-name': encodeURIComponent(metadata.producerName),
    'X-Pulsar-sequence-id': String(metadata.sequenceId),
    'X-Pulsar-PROPERTY': JSON.stringify(
      Object.fromEntries(metadata.properties.map(({ key: name, value }) => [name, value])),
    ).replace(/[^\x20-\x7e]/g, '?'),
  };
  if (metadata.numMessagesInBatch !== undefined)
    headers['X-Pulsar-num-batch-message'] = String(metadata.numMessagesInBatch);
  if (metadata.partitionKey !== undefined)
    headers['X-Pulsar-partition-key'] = encodeURIComponent(metadata.partitionKey);
  return raw(bytes, headers);
}

/** Subscriptions, their positions, and looking at messages. */
export const subscriptionRoutes: readonly Route[] = [
  [
    'GET',
    `${topic}/subscriptions`,
    (request) => [...new Set(topicsOf(request).flatMap((one) => [...one.subscriptions.keys()]))],
  ],
  ['PUT', subscription, createSubscription],
  ['DELETE', subscription, removeSubscription],
  ['POST', `${subscription}/resetcursor`, resetToId],
  ['POST', `${subscription}/resetcursor/:timestamp`, resetToTime],
  ['POST', `${subscription}/skip_all`, (request) => skip(request, (one) => one.log.index.lastConfirmed)],
  [
    'POST',
    `${subscription}/skip/:count`,
    (request) => skip(request, (one) => nthUnacked(request, one, Number(request.params.count))),
  ],
  [
    'POST',
    `${subscription}/expireMessages/:seconds`,
    (request) => {
      const cutoffMs = request.broker.settings.now() - Number(request.params.seconds) * 1000;
      skip(request, (one) => one.log.index.previous(one.log.firstPublishedSince(cutoffMs)));
    },
  ],
  [
    'GET',
    `${subscription}/position/:count`,
    (request) => {
      const one = topicOf(request);
      return show(one, nthUnacked(request, one, Number(request.params.count)));
    },
  ],
  ['GET', `${subscription}/properties`, (request) => subscriptionOf(request, topicsOf(request)[0] as Topic).properties],
  ['PUT', `${subscription}/properties`, setProperties],
  [
    'GET',
    `${topic}/ledger/:l/entry/:e`,
    (request) => show(topicOf(request), keyOf(Number(request.params.l), Number(request.params.e))),
  ],
];
