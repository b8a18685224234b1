import { startCutProxy, withOutage } from '../connectors/cut-proxy.ts';
import { kafkaHarness } from '../connectors/kafka-log.ts';
import { kafkaSinkHarness } from '../connectors/kafka-target.ts';
import { sinkOutageContract } from '../contracts/sink-trouble.ts';
import { sourceOutageContract } from '../contracts/source-trouble.ts';
import { describeReal, useKafka } from '../services/index.ts';

describeReal('a Kafka that goes away', ['kafka'], () => {
  /** Where the broker names a proxy as its own address: else only the first connection would go through it. */
  const proxied = async () => {
    const { behind, awayPort } = useKafka();
    const proxy = await startCutProxy('127.0.0.1', behind, awayPort);
    return { proxy, bootstrapServers: `127.0.0.1:${awayPort}` };
  };

  sourceOutageContract('kafka', async () => {
    const { proxy, bootstrapServers } = await proxied();
    const made = await kafkaHarness(useKafka(), bootstrapServers);
    return withOutage(made, proxy);
  });

  sinkOutageContract('kafka', async () => {
    const { proxy, bootstrapServers } = await proxied();
    const made = await kafkaSinkHarness(useKafka(), { bootstrapServers });
    return withOutage(made, proxy);
  });
});
