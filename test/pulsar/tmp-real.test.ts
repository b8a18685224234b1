import { readFileSync } from 'node:fs';
import { pulsarClientContract } from '../contracts/pulsar-client.ts';

pulsarClientContract('tmp', async () => ({
  ...JSON.parse(readFileSync('/tmp/pc/address.json', 'utf8')),
  stop: async () => undefined,
}));
