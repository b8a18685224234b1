import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, test } from '@jest/globals';
import { createTable } from '../../src/stores/dynamodb/create-table.ts';
import { deliver } from '../e2e/delivery.ts';
import { growingFile } from '../e2e/growing-file.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import type { Target } from '../e2e/target.ts';
import { noteRow } from '../faults/certificate.ts';
import { describeReal, useDynamodb, usePulsar } from '../services/index.ts';

const NAMESPACE = 'public/kills';
const KILLS = 100;
const LIMIT_MS = 420_000;
const TABLE = 'kills';

/** A killed run is followed within two seconds, so that a hundred kills take minutes. */
const HASTE = {
  tickMs: 300,
  runSettings: {
    heartbeatMs: 250,
    leaseTtlMs: 1_500,
    leaseMarginMs: 400,
    maxSkewMs: 100,
    idleMs: 1_000,
    maxBatchRecords: 50,
  },
};

const prepareNamespace = async (): Promise<void> => {
  const url = `${usePulsar().adminUrl}/admin/v2/namespaces/${NAMESPACE}`;
  const headers = { 'content-type': 'application/json' };
  await fetch(url, { method: 'PUT', headers });
  const answer = await fetch(`${url}/deduplication`, { method: 'POST', headers, body: 'true' });
  if (!answer.ok) throw new Error(`deduplication could not be enabled: ${answer.status} ${await answer.text()}`);
};

const dynamodbStore = async () => {
  const client = new DynamoDBClient(useDynamodb());
  await createTable(client, TABLE);
  client.destroy();
  return { url: `dynamodb:${TABLE}`, environment: { AWS_ENDPOINT_URL_DYNAMODB: useDynamodb().endpoint } };
};

describeReal('EFFECTIVELY_ONCE on real servers, with a hundred kills', ['pulsar', 'dynamodb'], () => {
  beforeAll(prepareNamespace, 60_000);

  const killedDelivery = async (makeTarget: () => Promise<Target>, usesDynamodb: boolean) => {
    await using target = await makeTarget();
    const seed = Math.ceil(Math.random() * 1e6);
    const result = await deliver({
      broker: usePulsar(),
      target,
      guarantee: 'EFFECTIVELY_ONCE',
      namespace: NAMESPACE,
      // More than are written until the last kill.
      records: 200_000,
      input: () => growingFile(25),
      maxKills: KILLS,
      killChance: 0.06,
      endsWithKills: true,
      seed,
      ...HASTE,
      ...(usesDynamodb && { store: await dynamodbStore() }),
    });
    const servers = `Pulsar 4.0, ${target.name}; store ${usesDynamodb ? 'DynamoDB Local' : 'SQLite'}`;
    process.stderr.write(`${servers}: ${JSON.stringify({ seed, ...result })}\n`);
    const { records, kills, runs, lost, duplicated, reordered } = result;
    const route = `file → topic → ${target.sinkType}`;
    await noteRow({
      route,
      guarantee: 'EFFECTIVELY_ONCE',
      servers,
      faults: 'SIGKILL around calls',
      runs,
      refused: 0,
      records,
      kills,
      lost,
      duplicated,
      reordered,
    });
    return { lost, duplicated, reordered, enough: kills >= KILLS };
  };
  const exact = { lost: 0, duplicated: 0, reordered: 0, enough: true };

  test(
    'from a file into SQLite, transactional, with checkpoints in DynamoDB: exactly the input, in order',
    async () => {
      expect(await killedDelivery(sqliteTarget, true)).toEqual(exact);
    },
    LIMIT_MS,
  );
});
