import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { deliverThroughKills } from '../e2e/trouble-broker-kills.ts';
import { letterTroubles } from '../e2e/trouble-letters.ts';
import { lifecycleTroubles } from '../e2e/trouble-lifecycle.ts';
import { rivalTroubles } from '../e2e/trouble-rivals.ts';
import { append, Delivery, EXACT, startTroubledCloud, until, untilTold } from '../e2e/trouble-world.ts';
import {
  describeReal,
  type PulsarAddress,
  type RunningServer,
  startCassandra,
  startPulsar,
} from '../services/index.ts';

const LIMIT_MS = 300_000;

describeReal('troubles on real servers', ['pulsar', 'cassandra'], () => {
  let pulsar: RunningServer<PulsarAddress>;
  beforeAll(async () => {
    pulsar = await startPulsar({ config: { brokerDeduplicationEnabled: true } });
  }, LIMIT_MS);
  afterAll(async () => {
    await pulsar[Symbol.asyncDispose]();
  });

  lifecycleTroubles('Pulsar 4', () => pulsar.address);
  rivalTroubles('Pulsar 4', () => pulsar.address);
  letterTroubles('Pulsar 4', () => pulsar.address);

  describe('a real broker in trouble', () => {
    test(
      'may be killed in mid-stream and started again, several times, and EFFECTIVELY_ONCE stays exact',
      async () => {
        expect(await deliverThroughKills(pulsar.address, pulsar)).toEqual(EXACT);
      },
      LIMIT_MS,
    );
  });

  describe('a Cassandra in trouble', () => {
    test(
      'is waited for while its table is missing and while it is down, and everything arrives',
      async () => {
        await using cassandra = await startCassandra();
        const { contactPoint, port, datacenter } = cassandra.address;
        const ask = async (query: string): Promise<number> => {
          const client = new Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
          try {
            return Number((await client.execute(query)).first()?.c ?? 0);
          } finally {
            await client.shutdown();
          }
        };
        await ask(
          "CREATE KEYSPACE trouble WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = true",
        );
        const configs = {
          roots: `${contactPoint}:${port}`,
          keyspace: 'trouble',
          columnFamily: 'arrived',
          keyname: 'id',
          columnName: 'payload',
        };
        await using cloud = await startTroubledCloud(pulsar.address);
        const delivery = await Delivery.create(
          cloud,
          'cassandra',
          { configs },
          {
            sink: { archive: 'builtin://cassandra' },
          },
        );
        const { source, sink, input } = delivery;
        await cloud.update('source', source, {
          configs: { path: input, format: 'ndjson', keyField: 'id', pollingInterval: 200 },
        });
        append(input, 0, 300);
        await untilTold(cloud, 'sink', sink, /PIO_SINK_MISCONFIGURED.*arrived/, 2);
        await ask('CREATE TABLE trouble.arrived (id text PRIMARY KEY, payload text)');
        const count = () => ask('SELECT count(*) AS c FROM trouble.arrived').catch(() => -1);
        await until('300 rows', async () => (await count()) === 300);
        await cassandra.kill();
        append(input, 300, 600);
        await untilTold(cloud, 'sink', sink, /PIO_SINK_UNAVAILABLE/, 4);
        await cassandra.restart();
        await until('600 rows', async () => (await count()) === 600);
        await delivery[Symbol.asyncDispose]();
      },
      LIMIT_MS,
    );
  });
});
