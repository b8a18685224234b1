import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import cassandraDriver, { type Client } from 'cassandra-driver';
import type { Finding } from '../../src/core/inspection.ts';
import { type Cloud, startCloud } from '../e2e/cloud/index.ts';
import { publishTexts } from '../e2e/trouble-topic.ts';
import { newFolder, newTopic, until } from '../e2e/trouble-world.ts';
import { describeReal, signToken, useCassandra, usePulsar, usePulsarSecure } from '../services/index.ts';

jest.setTimeout(360_000);

const KEYSPACE = `inspected_${process.pid}`;

/** What an inspection answered. */
interface Answer {
  readonly status: number;
  readonly ok?: boolean;
  readonly reason?: string;
  readonly findings: readonly Finding[];
  readonly records?: readonly unknown[];
}

describeReal('check, preview and lag on real servers', ['pulsar', 'pulsarSecure', 'cassandra'], () => {
  let cassandra: Client;
  const clouds: Cloud[] = [];

  beforeAll(async () => {
    const { contactPoint, port, datacenter } = useCassandra();
    cassandra = new cassandraDriver.Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
    await cassandra.execute(
      `CREATE KEYSPACE ${KEYSPACE} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await cassandra.execute(`CREATE TABLE ${KEYSPACE}.orders (key text PRIMARY KEY, col text)`);
  });
  afterAll(async () => {
    for (const cloud of clouds) await cloud[Symbol.asyncDispose]();
    await cassandra.execute(`DROP KEYSPACE ${KEYSPACE}`);
    await cassandra.shutdown();
  });

  const start = async (address: { serviceUrl: string; adminUrl: string }, token?: string): Promise<Cloud> => {
    const { serviceUrl, adminUrl } = address;
    const storeUrl = `sqlite:${join(newFolder(), 'store.db')}`;
    const cloud = await startCloud({ serviceUrl, adminUrl, storeUrl }, token ? { PULSAR_TOKEN: token } : {});
    clouds.push(cloud);
    return cloud;
  };

  const sink = (topic: string, configs: object = {}) => {
    const { contactPoint, port } = useCassandra();
    const into = { keyspace: KEYSPACE, keyname: 'key', columnFamily: 'orders', columnName: 'col' };
    return {
      archive: 'builtin://cassandra',
      inputs: [topic],
      sourceSubscriptionPosition: 'Earliest',
      configs: { roots: `${contactPoint}:${port}`, ...into, ...configs },
    };
  };

  const ask = async (cloud: Cloud, what: string, config: object): Promise<Answer> => {
    const form = new FormData();
    form.append('sinkConfig', new Blob([JSON.stringify(config)], { type: 'application/json' }));
    const response = await fetch(`${cloud.url}/admin/v3/sinks/public/default/c/${what}`, {
      method: 'POST',
      body: form,
    });
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
  };

  const wrongOf = ({ findings }: Answer) => findings.filter(({ ok }) => !ok);

  test('says what is wrong with the target, shows what would be written, and leaves nothing behind', async () => {
    const { serviceUrl, adminUrl } = usePulsar();
    const cloud = await start({ serviceUrl, adminUrl });
    const topic = newTopic();
    await publishTexts(serviceUrl, topic, ['one', 'two', 'three'], (index) => `k${index}`);

    expect(await ask(cloud, 'check', sink(topic))).toMatchObject({ status: 200, ok: true });
    const cases = [
      [{ columnFamily: 'nosuch' }, /nosuch/],
      [{ keyspace: 'nokeyspace' }, /nokeyspace/],
      [{ columnName: 'nocolumn' }, /nocolumn/],
      [{ roots: '127.0.0.1:1' }, /127\.0\.0\.1:1/],
    ] as const;
    for (const [configs, what] of cases) {
      const answer = await ask(cloud, 'check', sink(topic, configs));
      expect([what, answer.status, wrongOf(answer)]).toEqual([
        what,
        200,
        [{ side: 'system', ok: false, what: expect.stringMatching(what), advice: expect.stringMatching(/./) }],
      ]);
    }

    const { records } = await ask(cloud, 'preview?records=2', sink(topic));
    expect(records).toMatchObject([
      { key: 'k0', write: { query: expect.stringContaining('INSERT'), params: ['k0', 'one', expect.any(Number)] } },
      { key: 'k1', write: { params: ['k1', 'two', expect.any(Number)] } },
    ]);
    expect((await cassandra.execute(`SELECT * FROM ${KEYSPACE}.orders`)).rowLength).toBe(0);
    const subscriptions = await fetch(`${adminUrl}/admin/v2/${topic.replace('://', '/')}/subscriptions`);
    expect(await subscriptions.json()).toEqual([]);
  });

  test('tells for how long the oldest message of a real backlog has waited', async () => {
    const { serviceUrl } = usePulsar();
    const cloud = clouds[0] as Cloud;
    const topic = newTopic();
    await publishTexts(serviceUrl, topic, ['one', 'two']);
    const form = new FormData();
    form.append('sinkConfig', new Blob([JSON.stringify(sink(topic))], { type: 'application/json' }));
    const path = `${cloud.url}/admin/v3/sinks/public/default/late`;
    const created = await fetch(`${path}?stopped=true`, { method: 'POST', body: form });
    expect(created.status).toBe(204);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ [topic]: 'earliest' });
    const put = await fetch(`${path}/positions`, { method: 'PUT', headers, body });
    expect([put.status, await put.text()]).toEqual([204, '']);
    const lag = await until('the lag is told', async () => {
      const { details } = (await cloud.status('sink', 'late')) as { details: { waiting: { topics: Waiting[] } } };
      const [found] = details.waiting.topics;
      return found && found.backlog > 0 && (found.lagMs ?? 0) > 0 && found.lagMs;
    });
    expect(lag).toBeLessThan(120_000);
  });

  test('says that Pulsar refuses the token of the deployment, or a topic to its role', async () => {
    const secure = usePulsarSecure();
    const topic = newTopic();
    const forged = await start(
      secure,
      signToken('admin', undefined, Buffer.from('some other key of 32 bytes or more')),
    );
    const stranger = await start(secure, signToken('stranger'));
    const refused = (what: RegExp) => [
      { side: 'pulsar', ok: false, what: expect.stringMatching(what), advice: expect.stringContaining('pulsarToken') },
    ];
    expect(wrongOf(await ask(forged, 'check', sink(topic)))).toEqual(refused(/401 Authentication required/));
    expect(wrongOf(await ask(stranger, 'check', sink(topic)))).toEqual(refused(/401 Unauthorized/));
  });

  test('says that nobody is where Pulsar should be', async () => {
    const cloud = await start({ serviceUrl: 'pulsar://127.0.0.1:1', adminUrl: 'http://127.0.0.1:1' });
    for (const what of ['check', 'preview']) {
      const answer = await ask(cloud, what, sink(newTopic()));
      expect([answer.status, wrongOf(answer)]).toEqual([
        200,
        [{ side: 'pulsar', ok: false, what: expect.stringContaining('no answer'), advice: expect.anything() }],
      ]);
    }
  });
});

/** What a status says of a topic. */
interface Waiting {
  readonly backlog: number;
  readonly lagMs: number | null;
}
