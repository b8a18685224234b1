import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTable } from '../../src/stores/dynamodb/create-table.ts';
import { deliver } from '../e2e/delivery.ts';
import { growingFile } from '../e2e/growing-file.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { badWeather } from '../e2e/weather.ts';
import { noteRow } from '../faults/certificate.ts';
import {
  describeReal,
  type PulsarAddress,
  proxyFor,
  type RunningServer,
  startPulsar,
  startToxiproxy,
  type ToxicProxy,
  type ToxiproxyAddress,
  useDynamodb,
} from '../services/index.ts';

const LIMIT_MS = 180_000;
const TABLE = 'network';
const ROUNDS = 2;
/** Open connections that were cut; what toxics broke comes on top. */
const LEAST_CUT = { broker: 3, store: 6 };
/** Attempts of runs that ended because Pulsar was away. */
const LEAST_FAILED = 3;

describeReal('a network that breaks, delays and slices', ['pulsar', 'dynamodb', 'toxiproxy'], () => {
  let broker: ToxicProxy;
  let pulsar: RunningServer<PulsarAddress>;
  let toxiproxy: RunningServer<ToxiproxyAddress>;
  beforeAll(async () => {
    toxiproxy = await startToxiproxy();
    pulsar = await startPulsar({
      config: { brokerDeduplicationEnabled: true },
      advertise: async (own) => {
        broker = await proxyFor(toxiproxy.address, 'broker', own);
        return broker.listen;
      },
    });
    const client = new DynamoDBClient(useDynamodb());
    await createTable(client, TABLE);
    client.destroy();
  }, LIMIT_MS);
  afterAll(async () => {
    await pulsar?.stop();
    await toxiproxy?.stop();
  });

  test(
    'EFFECTIVELY_ONCE stays exact and in order through a bad broker connection and a bad store connection, with kills (rules 4 and 19)',
    async () => {
      const store = await proxyFor(toxiproxy.address, 'store', new URL(useDynamodb().endpoint).host);
      await using target = await sqliteTarget();
      const cut = { broker: 0, store: 0 };
      const onCut = (proxy: ToxicProxy) => {
        cut[proxy.name as keyof typeof cut] += proxy.openIn(readFileSync(toxiproxy.logFile, 'utf8'));
      };
      const seed = Math.ceil(Math.random() * 1e6);
      const result = await deliver({
        broker: { serviceUrl: `pulsar://${broker.listen}`, adminUrl: pulsar.address.adminUrl },
        store: {
          url: `dynamodb:${TABLE}`,
          environment: { AWS_ENDPOINT_URL_DYNAMODB: `http://${store.listen}` },
        },
        target,
        guarantee: 'EFFECTIVELY_ONCE',
        records: 6_000,
        input: () => growingFile(20),
        maxKills: 6,
        tickMs: 1_500,
        maxRuns: 6,
        runSettings: { heartbeatMs: 1_000, leaseTtlMs: 6_000, leaseMarginMs: 1_500 },
        seed,
        onCloud: () => badWeather([broker, store], ROUNDS, onCut),
      });
      const { lost, duplicated, reordered, records, kills, runs, log } = result;
      const failed = readFileSync(log, 'utf8').match(/"code":"PIO_PULSAR_UNAVAILABLE"/g)?.length ?? 0;
      process.stderr.write(`network: ${JSON.stringify({ seed, ...result, cut, failed })}\n`);
      const faults = `toxiproxy: 6 kinds, and ${cut.broker + cut.store} connections cut; SIGKILL`;
      await noteRow({
        ...{ route: 'file → topic → jdbc-sqlite', guarantee: 'EFFECTIVELY_ONCE', faults },
        servers: 'Pulsar 4.0, SQLite; store DynamoDB Local, both behind toxiproxy',
        ...{ runs, refused: 0, records, kills, lost, duplicated, reordered },
      });
      expect({ lost, duplicated, reordered }).toEqual({ lost: 0, duplicated: 0, reordered: 0 });
      expect(cut.broker).toBeGreaterThanOrEqual(LEAST_CUT.broker);
      expect(cut.store).toBeGreaterThanOrEqual(LEAST_CUT.store);
      expect(failed).toBeGreaterThanOrEqual(LEAST_FAILED);
    },
    LIMIT_MS,
  );
});
