import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, test } from '@jest/globals';
import { createTable } from '../../src/stores/dynamodb/create-table.ts';
import { cassandraTarget } from '../e2e/cassandra-target.ts';
import { type DeliveryOptions, deliver } from '../e2e/delivery.ts';
import { dynamodbTarget } from '../e2e/dynamodb-target.ts';
import { growingFile } from '../e2e/growing-file.ts';
import type { Input } from '../e2e/input.ts';
import { kafkaInput } from '../e2e/kafka-input.ts';
import { kafkaTarget } from '../e2e/kafka-target.ts';
import { postgresTarget } from '../e2e/postgres-target.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { sqsInput } from '../e2e/sqs-input.ts';
import type { Target } from '../e2e/target.ts';
import { noteRow } from '../faults/certificate.ts';
import {
  describeReal,
  useCassandra,
  useDynamodb,
  useElasticmq,
  useKafka,
  usePostgres,
  usePulsar,
} from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/kills';
/** Of each route; CI, which has six of them to run, does with fewer. */
const KILLS = Number(process.env.PIO_KILLS ?? 100);
const LIMIT_MS = 420_000;
const TABLE = 'kills';

/** A killed run is followed within two seconds, so that a hundred kills take minutes. */
const HASTE = {
  tickMs: 300,
  // Where processes start slowly, each tick would start more of them.
  maxRuns: 4,
  runSettings: {
    heartbeatMs: 250,
    leaseTtlMs: 1_500,
    leaseMarginMs: 400,
    maxSkewMs: 100,
    idleMs: 1_000,
    maxBatchRecords: 50,
  },
};

const dynamodbStore = async () => {
  const client = new DynamoDBClient(useDynamodb());
  await createTable(client, TABLE);
  client.destroy();
  return { url: `dynamodb:${TABLE}`, environment: { AWS_ENDPOINT_URL_DYNAMODB: useDynamodb().endpoint } };
};

/** From a source system through a topic into a target, every guarantee of it kept by other means. */
interface KilledRoute {
  readonly source: string;
  readonly servers: string;
  input(): Promise<Input>;
  target(): Promise<Target>;
  store?(): Promise<DeliveryOptions['store']>;
  /** Per call, where runs start slowly. */
  readonly killChance?: number;
}

const ROUTES: Readonly<Record<string, KilledRoute>> = {
  'from a file into SQLite, transactional, with checkpoints in DynamoDB': {
    source: 'file',
    servers: 'Pulsar 4.0, SQLite; store DynamoDB Local',
    input: () => growingFile(25),
    target: () => sqliteTarget(),
    store: dynamodbStore,
  },
  'from a file into PostgreSQL, transactional': {
    source: 'file',
    servers: 'Pulsar 4.0, PostgreSQL 15; store SQLite',
    input: () => growingFile(25),
    target: () => postgresTarget(usePostgres()),
  },
  'from a file into Cassandra, by versions': {
    source: 'file',
    servers: 'Pulsar 4.0, Cassandra 5.0; store SQLite',
    input: () => growingFile(25),
    target: () => cassandraTarget(useCassandra()),
  },
  'from a file into DynamoDB, by versions': {
    source: 'file',
    servers: 'Pulsar 4.0, DynamoDB Local; store SQLite',
    input: () => growingFile(6),
    target: () => dynamodbTarget(useDynamodb()),
    killChance: 0.15,
  },
  'from Kafka into Kafka, transactional': {
    source: 'kafka',
    servers: 'Kafka 4.3, Pulsar 4.0; store SQLite',
    input: () => kafkaInput(useKafka(), { perStep: 25 }),
    target: () => kafkaTarget(useKafka()),
  },
  'from a queue, through the inbox, into SQLite': {
    source: 'sqs',
    servers: 'SQS (ElasticMQ), Pulsar 4.0, SQLite; store SQLite',
    input: () => sqsInput(useElasticmq(), { pauseMs: 200 }),
    target: () => sqliteTarget(),
  },
};

const killedDelivery = async ({ source, servers, killChance = 0.06, ...route }: KilledRoute) => {
  await using target = await route.target();
  const store = await route.store?.();
  const seed = Math.ceil(Math.random() * 1e6);
  const result = await deliver({
    broker: usePulsar(),
    target,
    guarantee: 'EFFECTIVELY_ONCE',
    namespace: NAMESPACE,
    // More than are written until the last kill.
    records: 200_000,
    input: route.input,
    maxKills: KILLS,
    killChance,
    endsWithKills: true,
    seed,
    ...HASTE,
    ...(store && { store }),
  });
  process.stderr.write(`${servers}: ${JSON.stringify({ seed, ...result })}\n`);
  const { records, kills, runs, lost, duplicated, reordered } = result;
  await noteRow({
    ...{ route: `${source} → topic → ${target.sinkType}`, guarantee: 'EFFECTIVELY_ONCE', servers },
    faults: 'SIGKILL around calls',
    ...{ runs, refused: 0, records, kills, lost, duplicated, reordered },
  });
  return { lost, duplicated, reordered, enough: kills >= KILLS };
};

describeReal(
  `EFFECTIVELY_ONCE on real servers, with ${KILLS} kills`,
  ['pulsar', 'dynamodb', 'postgres', 'cassandra', 'elasticmq', 'kafka'],
  () => {
    beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE), 60_000);

    test.each(Object.entries(ROUTES))(
      '%s: exactly the input, in order',
      async (_, route) => {
        expect(await killedDelivery(route)).toEqual({ lost: 0, duplicated: 0, reordered: 0, enough: true });
      },
      LIMIT_MS,
    );
  },
);
