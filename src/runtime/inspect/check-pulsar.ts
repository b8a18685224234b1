import { bad, good } from '../../core/findings.ts';
import type { Finding } from '../../core/inspection.ts';
import type { MessagingSession } from '../../core/messaging.ts';
import { routeFailure } from '../../delivery/pulsar-failure.ts';
import { existingTopics, type FoundTopic } from './existing-topics.ts';
import { step } from './findings.ts';
import type { Inspection } from './inspection.ts';
import { latestReader } from './reader.ts';

type PulsarCheck = Pick<Inspection, 'deps' | 'connector' | 'signal'>;

/** Most topics whose rights are tried. */
const MAX_TRIED = 20;

/** Connects to the broker, looks for the topics, and tries on those that exist whether the deployment's role may read or publish. Throws `InspectionEnd`. */
export const checkPulsar = async (check: PulsarCheck): Promise<readonly Finding[]> => {
  const { deps, signal } = check;
  const opening = deps.openSession(signal).catch((cause: unknown) => {
    throw routeFailure(cause, 'connecting to the broker');
  });
  const session = await step('pulsar', signal, 'connecting to the broker', () => opening);
  try {
    return [good('pulsar', 'the broker took the connection'), ...(await topicFindings(check, session))];
  } finally {
    session.destroy();
  }
};

const topicFindings = async (check: PulsarCheck, session: MessagingSession): Promise<readonly Finding[]> => {
  const { deps, connector, signal } = check;
  const { pulsar } = deps;
  if (!pulsar) return [good('pulsar', 'topics were not looked at: the deployment has no pulsarAdminUrl')];
  const topics = await step('pulsar', signal, 'listing topics', () => existingTopics(connector, pulsar, signal));
  const findings: Finding[] = [];
  for (const topic of topics) findings.push(await findingOf(check, session, topic));
  return findings;
};

const findingOf = async (
  { deps, connector, signal }: PulsarCheck,
  session: MessagingSession,
  { named, namespace, isPattern, concrete }: FoundTopic,
): Promise<Finding> => {
  const [first] = concrete;
  if (first === undefined) {
    const tenant = namespace.split('/')[0] ?? '';
    const namespaces = await step('pulsar', signal, 'listing namespaces', async () =>
      deps.pulsar?.namespaces(tenant, signal),
    );
    return namespaces?.includes(namespace) ? missingTopic(named, isPattern) : missingNamespace(named, namespace);
  }
  try {
    for (const topic of concrete.slice(0, MAX_TRIED)) {
      await step('pulsar', signal, `trying ${topic}`, () => tryRight(connector.kind, session, topic, signal));
    }
    const right = connector.kind === 'sink' ? 'read' : 'publish';
    return good('pulsar', `${named}: ${concrete.length} topic(s), and this deployment may ${right}`);
  } catch (error) {
    return 'finding' in (error as object) ? (error as { finding: Finding }).finding : bad('pulsar', error);
  }
};

/** On a topic that exists neither a reader at its end nor a nameless producer leaves anything behind. */
const tryRight = async (
  kind: 'source' | 'sink',
  session: MessagingSession,
  topic: string,
  signal: AbortSignal,
): Promise<void> => {
  try {
    const opened =
      kind === 'sink' ? await latestReader(session, topic, signal) : await session.producer({ topic, signal });
    await opened.close();
  } catch (cause) {
    throw routeFailure(cause, `${kind === 'sink' ? 'reading' : 'publishing to'} ${topic}`);
  }
};

const missingTopic = (named: string, isPattern: boolean): Finding => ({
  ...good('pulsar', isPattern ? `no topic matches ${named} yet` : `${named} does not exist yet`),
  advice: isPattern
    ? 'Topics that match are read once they exist'
    : 'The broker creates it with the first connection if allowAutoTopicCreation is on; else: pulsar-admin topics create',
});

const missingNamespace = (named: string, namespace: string): Finding => ({
  side: 'pulsar',
  ok: false,
  what: `${named === '' ? 'there is no topic' : `namespace ${namespace} of ${named} does not exist`}`,
  advice: named === '' ? 'Name the topic in topicName' : `Create it with: pulsar-admin namespaces create ${namespace}`,
});
