import { afterEach, expect, test } from '@jest/globals';
import { Client, type Producer, PulsarError } from '../../../src/pulsar/index.ts';
import { noAuthentication } from '../../../src/pulsar/network/authentication.ts';
import { acceptsConnections, Failover, type FailoverOptions } from '../../../src/pulsar/network/failover.ts';
import { type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

const services = ['a', 'b', 'c'].map((host) => ({
  serviceUrl: `pulsar://${host}`,
  authentication: noAuthentication,
  tls: {},
}));

/** A failover between a, b and c, of which those in `up` can be reached. */
function between(up: Set<string>, options: Partial<FailoverOptions> = {}) {
  const used: string[] = [];
  const nameOf = ({ serviceUrl }: { serviceUrl: string }) => serviceUrl.slice('pulsar://'.length);
  const failover = new Failover({
    services,
    checkIntervalMs: 1,
    failoverThreshold: 1,
    switchBackThreshold: 1,
    isReachable: async (service) => up.has(nameOf(service)),
    onSwitch: (service) => used.push(nameOf(service)),
    ...options,
  });
  return { failover, used };
}

test('the first secondary that answers is used, and the primary again when it answers', async () => {
  const up = new Set(['c']);
  const { failover, used } = between(up);
  await failover.check();
  await failover.check();
  expect(used).toEqual(['c']);
  up.add('b');
  await failover.check();
  expect(used).toEqual(['c']);
  up.add('a');
  await failover.check();
  await failover.check();
  expect(used).toEqual(['c', 'a']);
});

test('thresholds count checks in a row', async () => {
  const up = new Set(['b']);
  const { failover, used } = between(up, { failoverThreshold: 3, switchBackThreshold: 2 });
  const checks = async (count: number) => {
    for (let i = 0; i < count; i++) await failover.check();
  };
  await checks(2);
  up.add('a');
  await checks(1);
  up.delete('a');
  await checks(2);
  expect(used).toEqual([]);
  await checks(1);
  expect(used).toEqual(['b']);
  up.add('a');
  await checks(1);
  up.delete('a');
  await checks(1);
  up.add('a');
  await checks(1);
  expect(used).toEqual(['b']);
  await checks(1);
  expect(used).toEqual(['b', 'a']);
});

test('with nothing to go to, the caller gets its error after the timeout, or at once where connections are taken', async () => {
  const error = new PulsarError('ConnectError', 'no');
  await expect(between(new Set()).failover.whenSwitched(error, 20)).rejects.toBe(error);
  await expect(between(new Set(['a'])).failover.whenSwitched(error, 60_000)).rejects.toBe(error);
  const abort = AbortSignal.abort();
  const waiting = between(new Set(), { checkIntervalMs: 30_000 }).failover.whenSwitched(error, 60_000, abort);
  await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
});

async function willing(): Promise<ScriptedBroker> {
  const broker = await startScriptedBroker({
    SEND: ({ producerId, sequenceId }, peer) =>
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 1, entryId: sequenceId } }),
  });
  cleanups.push(() => broker.stop());
  return broker;
}

async function producerBetween(primary: ScriptedBroker, secondary: ScriptedBroker): Promise<Producer> {
  const client = new Client({
    serviceUrlProvider: { primary: primary.serviceUrl, secondary: [secondary.serviceUrl], checkIntervalMs: 20 },
    log: () => undefined,
  });
  cleanups.push(() => client.close());
  return client.createProducer({ topic: 't' });
}

test('a client whose primary is down begins with the secondary', async () => {
  const [primary, secondary] = [await willing(), await willing()];
  await primary.stop();
  await producerBetween(primary, secondary);
  expect(secondary.of('PRODUCER')).toHaveLength(1);
});

test('a producer goes on at the secondary with what it has not got receipts for', async () => {
  const [primary, secondary] = [await willing(), await willing()];
  const producer = await producerBetween(primary, secondary);
  await producer.send({ data: Buffer.from('0') });
  primary.script.SEND = () => undefined;
  const lost = producer.send({ data: Buffer.from('1') });
  while (primary.of('SEND').length < 2) await new Promise((resolve) => setImmediate(resolve));
  await primary.stop();
  await lost;
  expect(secondary.of('SEND').map(({ sequenceId }) => sequenceId)).toEqual([1]);
});

test('a check is a TCP connection to any of the hosts', async () => {
  const [live, dead] = [await willing(), await willing()];
  await dead.stop();
  const at = (serviceUrl: string) =>
    acceptsConnections({ serviceUrl, authentication: noAuthentication, tls: {} }, 5_000);
  expect(await at(dead.serviceUrl)).toBe(false);
  expect(await at(`${dead.serviceUrl},${live.serviceUrl.slice('pulsar://'.length)}`)).toBe(true);
});
