import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '../../src/emulator/broker/index.ts';
import { pulsarClientContract } from '../contracts/pulsar-client.ts';

const start = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pulsar-client-'));
  const broker = await startBroker({ port: 0, httpPort: 0, dataDir, deduplication: true });
  return {
    serviceUrl: broker.serviceUrl,
    adminUrl: broker.adminUrl,
    stop: async () => {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

pulsarClientContract('the embedded broker', start);
