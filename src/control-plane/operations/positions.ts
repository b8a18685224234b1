import type { Connector } from '../../core/connector.ts';
import type { LogSourceType } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { type Answer, done, json } from '../http/answers.ts';
import { readJsonObject } from '../http/json-body.ts';
import { readCursorTarget } from '../lifecycle/cursor-target.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { requireStopped } from '../lifecycle/require-stopped.ts';
import { setSinkPositions, viewSinkPositions } from '../lifecycle/sink-positions.ts';
import { findTopic, requirePulsar, sinkTopics } from '../lifecycle/sink-topics.ts';
import { checkPositions, setSourcePositions, viewSourcePositions } from '../lifecycle/source-positions.ts';
import type { Call, Operation } from '../operation.ts';

/** GET `/{tenant}/{namespace}/{name}/positions`: how far each source partition, or topic-partition of a sink, was worked off. An addition to Pulsar's API. */
export const getPositions: Operation = async (call) => {
  const { connector } = await findConnector(call);
  if (connector.kind === 'sink') return json(await viewSinkPositions(call, connector));
  logTypeOf(call, connector);
  return json(await viewSourcePositions(call, connector));
};

/**
 * PUT `/{tenant}/{namespace}/{name}/positions`: where the partitions that the body names are to go on; the others stay. Only while stopped. A new
 * generation, so that no run from before can undo it and no sequence from before is in its way (GUARANTEES rule 11).
 */
export const setPositions: Operation = async (call) => {
  const registered = await findConnector(call);
  const { connector } = registered;
  if (connector.kind === 'source') {
    const type = logTypeOf(call, connector);
    const positions = checkPositions(
      type,
      readJsonObject(call.request, '{"PARTITION": POSITION} with positions as GET shows them'),
    );
    return apply(call, registered, (raised) => setSourcePositions(call, raised, positions));
  }
  const given = readJsonObject(call.request, '{"persistent://public/default/in": "earliest"}');
  const topics = await sinkTopics(call, connector);
  const targets = new Map([...given].map(([name, value]) => [findTopic(topics, name), readCursorTarget(name, value)]));
  return apply(call, registered, () => setSinkPositions(call, connector, targets));
};

/**
 * POST `/{tenant}/{namespace}/{name}/positions`: forgets the progress of all partitions, or of those that `?partition=` names. A source then begins at its
 * start, a sink goes on from its subscription. Only while stopped.
 */
export const resetPositions: Operation = async (call) => {
  const registered = await findConnector(call);
  const { connector } = registered;
  const named = call.request.query.getAll('partition');
  if (connector.kind === 'source') {
    logTypeOf(call, connector);
    const known = (await viewSourcePositions(call, connector)).partitions.map(({ partition }) => partition);
    const positions = new Map((named.length > 0 ? named : known).map((partition) => [partition, null]));
    return apply(call, registered, (raised) => setSourcePositions(call, raised, positions));
  }
  const topics = await sinkTopics(call, connector);
  const targets = new Map(
    (named.length > 0 ? named.map((name) => findTopic(topics, name)) : topics).map((topic) => [topic, undefined]),
  );
  return apply(call, registered, () => setSinkPositions(call, connector, targets));
};

/** The generation is raised first: what is written then is newer than anything that a run of the old one could still write (rule 18). */
const apply = async (
  call: Call,
  registered: RegisteredConnector,
  change: (raised: Connector) => Promise<void>,
): Promise<Answer> => {
  const { connector } = registered;
  await requireStopped(call, connector);
  if (connector.kind === 'sink') requirePulsar(call);
  const raised: Connector = {
    ...connector,
    generation: connector.generation + 1,
    ...(connector.kind === 'sink' && { keepsBooks: true }),
    updatedAtMs: call.deps.clock.nowMs(),
  };
  await call.deps.registry.update(registered, raised, call.signal);
  await change(raised);
  return done();
};

const logTypeOf = ({ deps }: Call, { type }: Connector): LogSourceType => {
  const found = deps.catalogue.source(type);
  if (found?.source === 'log') return found;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    `A ${type} source has no positions: what it was sent and did not accept is sent again by the sender`,
  );
};
