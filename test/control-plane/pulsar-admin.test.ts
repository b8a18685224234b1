import { describe, expect, test } from '@jest/globals';
import { createPulsarAdmin } from '../../src/pulsar/admin/index.ts';

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly authorization: string | null;
  readonly body: string;
}

/** A client whose requests are answered by `answer`, and what it sent. */
const clientOf = (answer: (path: string, sent: Sent) => Response | Promise<Response>) => {
  const sent: Sent[] = [];
  const fetching: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const one = {
      url: request.url,
      method: request.method,
      authorization: request.headers.get('authorization'),
      body: await request.text(),
    };
    sent.push(one);
    init?.signal?.throwIfAborted();
    return answer(new URL(request.url).pathname.replace('/admin/v2/', ''), one);
  };
  return { admin: createPulsarAdmin({ url: 'http://broker:8080', token: 'jwt', fetch: fetching }), sent };
};

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const notFound = () => json({ reason: 'not found' }, 404);

describe('the client of /admin/v2', () => {
  test('encodes topic and subscription and sends the token', async () => {
    const { admin, sent } = clientOf(() => new Response(null, { status: 204 }));
    expect(await admin.deleteSubscription('public/default/a b', 'public/default/s1', { force: true })).toBe(true);
    expect(sent).toEqual([
      {
        url: 'http://broker:8080/admin/v2/persistent/public/default/a%20b/subscription/public%2Fdefault%2Fs1?force=true',
        method: 'DELETE',
        authorization: 'Bearer jwt',
        body: '',
      },
    ]);
  });

  test("names the end of a topic in Java's longs, which no JavaScript number can hold", async () => {
    const { admin, sent } = clientOf(() => new Response(null, { status: 204 }));
    expect(await admin.createSubscription('in', 's', 'Latest', { uid: 'u1' })).toBe(true);
    expect(sent[0]?.body).toBe(
      '{"ledgerId":9223372036854775807,"entryId":9223372036854775807,"partitionIndex":-1,"properties":{"uid":"u1"}}',
    );
  });

  test('takes what is missing for missing, not for an error', async () => {
    const { admin } = clientOf(notFound);
    expect(await admin.namespaces('nosuch')).toBeUndefined();
    expect(await admin.topics('public/nosuch')).toEqual([]);
    expect(await admin.partitions('nosuch')).toBe(0);
    expect(await admin.topicStats('nosuch')).toBeUndefined();
    expect(await admin.subscriptions('nosuch')).toEqual([]);
    expect(await admin.deleteSubscription('nosuch', 's')).toBe(false);
  });

  test('takes a subscription that is there for not created', async () => {
    const { admin } = clientOf(() => json({ reason: 'exists' }, 409));
    expect(await admin.createSubscription('in', 's', 'Earliest')).toBe(false);
  });

  test('looks at the sum of a partitioned topic when there is no plain one', async () => {
    const { admin } = clientOf((path) =>
      path.endsWith('/partitioned-stats')
        ? json({
            subscriptions: { s: { msgBacklog: 7, consumers: [{}] } },
            partitions: { 'persistent://public/default/in-partition-1': { subscriptions: { s: { msgBacklog: 7 } } } },
          })
        : notFound(),
    );
    expect(await admin.topicStats('in')).toEqual({
      subscriptions: { s: { msgBacklog: 7, consumers: 1, properties: {} } },
      partitions: new Map([[1, { subscriptions: { s: { msgBacklog: 7, consumers: 0, properties: {} } } }]]),
    });
  });

  test('follows a redirect to the owner of the topic with the token', async () => {
    const { admin, sent } = clientOf((_path, { url }) =>
      url.startsWith('http://broker:')
        ? new Response(null, {
            status: 307,
            headers: { location: 'http://owner:8080/admin/v2/persistent/public/default/in/subscriptions' },
          })
        : json(['s']),
    );
    expect(await admin.subscriptions('in')).toEqual(['s']);
    expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer jwt', 'Bearer jwt']);
  });

  test('gives up on a circle of redirects', async () => {
    const { admin } = clientOf((_path, { url }) => new Response(null, { status: 307, headers: { location: url } }));
    await expect(admin.subscriptions('in')).rejects.toMatchObject({ code: 'PIO_PULSAR_UNAVAILABLE' });
  });

  test.each([
    [401, 'PIO_PULSAR_REFUSED'],
    [412, 'PIO_PULSAR_REFUSED'],
    [429, 'PIO_PULSAR_UNAVAILABLE'],
    [500, 'PIO_PULSAR_UNAVAILABLE'],
    [503, 'PIO_PULSAR_UNAVAILABLE'],
  ])('maps status %i to %s, with the reason and without pages', async (status, code) => {
    const { admin } = clientOf(() => json({ reason: 'because' }, status));
    await expect(admin.subscriptions('in')).rejects.toMatchObject({
      code,
      message: expect.stringContaining('because'),
    });
    const { admin: paged } = clientOf(() => new Response('<html>page</html>', { status }));
    await expect(paged.subscriptions('in')).rejects.toMatchObject({
      code,
      message: expect.not.stringContaining('page'),
    });
  });

  test('refuses an answer without end', async () => {
    const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)) });
    const { admin } = clientOf(() => new Response(endless()));
    await expect(admin.subscriptions('in')).rejects.toMatchObject({ code: 'PIO_PULSAR_UNAVAILABLE' });
  });

  test('ends with the caller', async () => {
    const { admin } = clientOf(() => json([]));
    await expect(admin.subscriptions('in', AbortSignal.abort())).rejects.toMatchObject({ code: 'PIO_ABORTED' });
  });

  test('refuses what is no topic name before it sends anything', async () => {
    const { admin, sent } = clientOf(() => json([]));
    await expect(admin.subscriptions('a/b')).rejects.toMatchObject({ code: 'PIO_CONFIG_INVALID' });
    expect(sent).toEqual([]);
  });
});

describe('deduplication of a topic', () => {
  const policies = (topic: Response, namespace: Response, broker: Response) => (path: string) => {
    if (path.startsWith('brokers/')) return broker.clone();
    return (path.startsWith('namespaces/') ? namespace : topic).clone();
  };
  const none = new Response(null, { status: 204 });
  const forbidden = json({ reason: 'no' }, 401);

  test.each([
    ['its own policy', policies(json(true), json(false), json({})), 'enabled'],
    ["its namespace's when it has none", policies(none, json(true), json({})), 'enabled'],
    ["its namespace's when it does not exist yet", policies(notFound(), json(false), json({})), 'disabled'],
    ["its namespace's when topic policies are off", policies(json({}, 405), json(true), json({})), 'enabled'],
    ["the broker's default", policies(none, none, json({ brokerDeduplicationEnabled: 'true' })), 'enabled'],
    ["the broker's default, off", policies(none, none, json({ brokerDeduplicationEnabled: 'false' })), 'disabled'],
    ['nothing we may see', policies(none, none, forbidden), 'unknown'],
  ] as const)('is decided by %s', async (_what, answer, expected) => {
    expect(await clientOf(answer).admin.deduplication('in')).toBe(expected);
  });
});
