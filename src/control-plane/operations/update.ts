import { isDeepStrictEqual } from 'node:util';
import type { Connector } from '../../core/connector.ts';
import { deadLetterTopicOf } from '../../core/dead-letter-rules.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import type { CommonDraft } from '../config/drafts.ts';
import { kindRulesOf } from '../config/kind-rules.ts';
import { refusePackages } from '../config/package-choice.ts';
import { asksForAuthData, readDraft } from '../config/read-config.ts';
import { refuseConfig } from '../config/refuse.ts';
import { settleConfig } from '../config/settle-config.ts';
import { done } from '../http/answers.ts';
import { readForm } from '../http/multipart.ts';
import { missing } from '../lifecycle/find-connector.ts';
import { instancesOf, startRuns } from '../lifecycle/start-runs.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

/** PUT `/{tenant}/{namespace}/{name}` (PULSAR-ADMIN-CONTRACT 1.5, 2.7). Every change is a new generation; who is stopped stays stopped. */
export const update: Operation = async (call) => {
  const { deps, words, request, signal } = call;
  const form = await readForm(request);
  const draft = readDraft(form, words);
  const withAuthData = asksForAuthData(form);
  const registered = await find(call);
  refusePackages(deps.catalogue, words, draft, form);
  const changed = await merge(call, registered.connector, draft);
  if (changed) {
    await deps.queueTriggers?.claim(changed, signal);
    await deps.registry.update(registered, changed, signal);
    await deps.queueTriggers?.apply(changed, signal);
    await deps.queueTriggers?.collect(signal).catch(deps.onError);
    await startRuns(call, changed, instancesOf(changed));
  } else if (!withAuthData) {
    refuseConfig('Update contains no change');
  }
  return done();
};

/** An unknown name is 400 here, one of the other kind 404. */
const find = async (call: Call): Promise<RegisteredConnector> => {
  const registered = await call.deps.registry.get(nameOf(call), call.signal);
  if (!registered || registered.connector.deleting) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', missing(call).message);
  }
  if (registered.connector.kind !== call.words.kind) throw missing(call);
  return registered;
};

/** The connector as it is after the update, undefined when nothing that can be seen changes. */
const merge = async (call: Call, connector: Connector, draft: CommonDraft): Promise<Connector | undefined> => {
  const { words, deps } = call;
  const rules = kindRulesOf(words.kind);
  const merged = rules.merge(connector.config, draft);
  const { type, config } = await settleConfig(call, merged, `${words.title} Package is not provided`, connector.config);
  if (isDeepStrictEqual(plain(rules.project(config)), plain(rules.project(connector.config)))) return undefined;
  return {
    ...connector,
    type: type.name,
    generation: connector.generation + 1,
    updatedAtMs: deps.clock.nowMs(),
    config,
    ...(leavesBook(connector) && { keepsBooks: true }),
  } as Connector;
};

/** What was decided of dead letters holds under the next configuration, too. */
const leavesBook = ({ kind, config }: Connector): boolean =>
  kind === 'sink' &&
  config.processingGuarantees === 'EFFECTIVELY_ONCE' &&
  deadLetterTopicOf(config, config.name) !== undefined;

/** As JSON has it: without undefined fields. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
