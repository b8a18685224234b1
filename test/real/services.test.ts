import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'cassandra-driver';
import {
  describeReal,
  type PulsarAddress,
  type RunningServer,
  runPulsarAdmin,
  runPython,
  startPulsar,
  useCassandra,
  useDynamodb,
  usePulsar,
} from '../services/index.ts';

const put = (adminUrl: string, path: string): Promise<Response> =>
  fetch(`${adminUrl}/admin/v2/${path}`, { method: 'PUT', signal: AbortSignal.timeout(30_000) });

describeReal('the shared Pulsar', ['pulsar', 'pulsarAdmin', 'pythonClient'], () => {
  test('makes namespaces and topics that pulsar-admin lists', async () => {
    const { adminUrl } = usePulsar();
    expect((await put(adminUrl, 'namespaces/public/services')).status).toBe(204);
    expect((await put(adminUrl, 'persistent/public/services/listed')).status).toBe(204);
    expect(await runPulsarAdmin(adminUrl, ['topics', 'list', 'public/services'])).toEqual({
      code: 0,
      stdout: 'persistent://public/services/listed\n',
      stderr: '',
    });
  });

  test('carries a message of the official client', async () => {
    const code = `
import pulsar, sys
client = pulsar.Client(sys.argv[1], logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
consumer = client.subscribe('public/default/services', 's')
client.create_producer('public/default/services').send(b'hello')
print(consumer.receive(10000).data().decode())
client.close()`;
    expect(await runPython(code, [usePulsar().serviceUrl])).toMatchObject({ code: 0, stdout: 'hello\n' });
  });

  test('reports a refused command of pulsar-admin as a result', async () => {
    const { code, stderr } = await runPulsarAdmin(usePulsar().adminUrl, ['topics', 'list', 'public/missing']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('Namespace does not exist');
  });
});

describeReal('a Pulsar of its own', ['pulsarAdmin', 'pulsar'], () => {
  let pulsar: RunningServer<PulsarAddress>;
  beforeAll(async () => {
    pulsar = await startPulsar();
  });
  afterAll(() => pulsar?.stop());

  test('is back on its address with its topics after a kill', async () => {
    const { adminUrl } = pulsar.address;
    expect((await put(adminUrl, 'persistent/public/default/kept')).status).toBe(204);
    await pulsar.kill();
    await expect(fetch(adminUrl)).rejects.toThrow();
    await pulsar.restart();
    const topics = await fetch(`${adminUrl}/admin/v2/persistent/public/default`);
    expect(await topics.json()).toContain('persistent://public/default/kept');
  });
});

describeReal('the shared Cassandra', ['cassandra'], () => {
  test('runs a lightweight transaction', async () => {
    const { contactPoint, port, datacenter } = useCassandra();
    const client = new Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
    try {
      await client.execute(
        `CREATE KEYSPACE services WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
      );
      await client.execute('CREATE TABLE services.t (k text PRIMARY KEY)');
      const insert = () => client.execute(`INSERT INTO services.t (k) VALUES ('a') IF NOT EXISTS`);
      expect([(await insert()).wasApplied(), (await insert()).wasApplied()]).toEqual([true, false]);
    } finally {
      await client.shutdown();
    }
  });
});

describeReal('the shared DynamoDB', ['dynamodb'], () => {
  test('makes a table', async () => {
    const client = new DynamoDBClient(useDynamodb());
    const made = await client.send(
      new CreateTableCommand({
        TableName: 'services',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
      }),
    );
    expect(made.TableDescription?.TableStatus).toBe('ACTIVE');
    client.destroy();
  });
});
