import { afterAll, beforeAll, describe } from '@jest/globals';
import { accessCases } from './pulsar-client-access.ts';
import { chunkCases } from './pulsar-client-chunks.ts';
import { consumerCases } from './pulsar-client-consumers.ts';
import { deadLetterCases } from './pulsar-client-dead-letters.ts';
import { encryptionCases } from './pulsar-client-encryption.ts';
import { type Broker, type BrokerAddress, prepareBroker } from './pulsar-client-kit.ts';
import { optionCases } from './pulsar-client-options.ts';
import { producerCases } from './pulsar-client-producers.ts';
import { readerCases } from './pulsar-client-readers.ts';
import { receivingCases } from './pulsar-client-receiving.ts';
import { reconnectCases } from './pulsar-client-reconnects.ts';
import { schemaCases } from './pulsar-client-schemas.ts';
import { seekCases } from './pulsar-client-seeks.ts';
import { sessionCases } from './pulsar-client-sessions.ts';
import { topicCases } from './pulsar-client-topics.ts';
import { transactionCases } from './pulsar-client-transactions.ts';
import { troubleCases } from './pulsar-client-trouble.ts';
import { waitCases } from './pulsar-client-waits.ts';

/**
 * What our client does against a broker: run it on every broker there is. `start` gives one whose namespaces deduplicate, or
 * that has an admin address where they can be told to.
 */
export function pulsarClientContract(name: string, start: () => Promise<BrokerAddress>): void {
  describe(`pulsar client against ${name}`, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await prepareBroker(await start());
    }, 180_000);
    afterAll(async () => {
      await broker?.stop();
    });
    const use = () => broker;
    describe('producers', () => producerCases(use));
    describe('chunked messages', () => chunkCases(use));
    describe('encryption', () => encryptionCases(use));
    describe('access modes', () => accessCases(use));
    describe('options', () => optionCases(use));
    describe('dead letters', () => deadLetterCases(use));
    describe('topics that are found or grow', () => topicCases(use));
    describe('consumers', () => consumerCases(use));
    describe('receiving', () => receivingCases(use));
    describe('readers and seeking', () => readerCases(use));
    describe('seeks that fail', () => seekCases(use));
    describe('after a lost connection', () => reconnectCases(use));
    describe('in trouble', () => troubleCases(use));
    describe('sessions', () => sessionCases(use));
    describe('schemas', () => schemaCases(use));
    describe('waiting and ending', () => waitCases(use));
    describe('transactions', () => transactionCases(use));
  });
}
