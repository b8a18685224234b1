import type { SinkType, SourceType } from '../../src/core/connector-type.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import type { OutgoingMessage } from '../../src/core/messaging.ts';
import type { EventMappings } from '../../src/core/queue-triggers.ts';
import type { Guarantees } from '../../src/delivery/pipeline.ts';
import type { Verdict } from './judge.ts';
import { isSourceRoute, type Schedule } from './schedule.ts';
import type { Topic } from './simulation/broker/topic.ts';
import { Cloud } from './simulation/cloud.ts';
import { Feeder } from './simulation/feeder.ts';
import { NAME, Operator } from './simulation/operator.ts';
import type { Process } from './simulation/process.ts';

const TOPIC = 'persistent://public/default/records';
/** What an operator may change the output topic of a source to. */
const OTHER_TOPIC = 'persistent://public/default/other-records';
/** Followed by a number from 1: other topics that records name. */
export const DESTINATION = 'persistent://public/default/routed-';
const DEAD_LETTERS = 'persistent://public/default/dead-letters';
const SUBSCRIPTION = `public/default/${NAME}`;

/** Connector types as a process opens them. */
export interface Types {
  readonly sinks: readonly SinkType[];
  readonly sources: readonly SourceType[];
}

/** The connector of a simulation and the system on its other side. */
export interface Subject {
  /** Name of the connector type. */
  readonly typeName: string;
  readonly configs: object;
  typesFor(process: Process): Types;
  /** Lambda's event source mappings as a process sees them; absent, or undefined: nothing triggers its source. */
  mappingsFor?(process: Process): EventMappings | undefined;
  /** Gives record `n`, to the system or to the topic. */
  give(n: number): void;
  /** True when everything was delivered as far as systems and store know. */
  isDone(): boolean;
  /** Lets the target take what it never took. Without it, no dead letters are sent back. */
  readonly mend?: (() => void) | undefined;
  /** Positions that lie so much ahead of where an operator sees them, for `PUT positions`; from then on it is judged by them. Without it, none are set. */
  seek?(shift: number): object;
  /** What readers find wrong. */
  verdict(): Promise<Verdict>;
  /** Ends it, when the simulation is over. */
  dispose?(): Promise<void>;
}

/** What a simulation has besides its subject. */
export interface StageOptions {
  readonly guarantees: Guarantees;
  readonly keepsTrace: boolean;
  typesFor(process: Process): Types;
  mappingsFor(process: Process): EventMappings | undefined;
}

/** What every simulation has: the deployment, its operator, the topic and who publishes to it. */
export class Stage {
  readonly schedule: Schedule;
  readonly cloud: Cloud;
  readonly operator: Operator;
  readonly feeder: Feeder;
  readonly isSource: boolean;

  constructor(schedule: Schedule, options: StageOptions) {
    this.schedule = schedule;
    this.isSource = isSourceRoute(schedule.route);
    const { seed, faults, lambdaTimeoutMs, dispatchers } = schedule;
    this.cloud = new Cloud({ seed, faults, lambdaTimeoutMs, dispatchers, ...options });
    this.operator = new Operator(this.cloud, this.isSource ? 'source' : 'sink');
    this.feeder = new Feeder(this.cloud, {
      topics: () => this.topics.slice(0, Math.max(1, schedule.partitions)),
      hasManyClocks: !this.isEver('ATLEAST_ONCE'),
      isUnbatched: schedule.order === 'key',
    });
    for (const topic of this.#names) this.cloud.broker.createTopic(topic, schedule.partitions);
  }

  get topics(): readonly Topic[] {
    return this.#names.flatMap((name) => this.cloud.broker.concrete(name));
  }

  /** Where an operator sees a topic-partition of the sink stand, and a place `shift` entries ahead of it: the number of messages before each, and the entry there. Undefined: the topic is empty. */
  seek(topic: Topic, shift: number): { from: number; to: number; entry: Topic['log'][number] } | undefined {
    const { log, firstKept } = topic;
    const at = (topic.subscriptions.get(SUBSCRIPTION)?.markDelete ?? -1) + 1;
    const place = Math.max(firstKept, Math.min(at + shift, log.length - 1));
    const entry = log[place];
    const messagesBefore = (index: number) =>
      log.slice(0, index).reduce((sum, { messages }) => sum + messages.length, 0);
    return entry && { from: messagesBefore(at), to: messagesBefore(place), entry };
  }

  get #names(): readonly string[] {
    const { destinations, changes } = this.schedule;
    const other = changes.some(({ otherTopic }) => otherTopic) ? [OTHER_TOPIC] : [];
    return [TOPIC, ...other, ...Array.from({ length: destinations }, (_, at) => `${DESTINATION}${at + 1}`)];
  }

  addPartition(): void {
    for (const topic of this.#names) this.cloud.broker.addPartition(topic);
  }

  /** True when it is the guarantee at some time. */
  isEver(guarantee: Guarantee): boolean {
    return [this.schedule, ...this.schedule.changes].some((one) => one.guarantee === guarantee);
  }

  /** True when nothing waits for the sink. */
  get isBacklogEmpty(): boolean {
    return this.topics.every(({ subscriptions }) => subscriptions.get(SUBSCRIPTION)?.backlog === 0);
  }

  /** What readers of the topic see, one per partition. */
  get published(): readonly OutgoingMessage[][] {
    return this.topics.map(messagesOf);
  }

  get deadLetters(): readonly OutgoingMessage[] {
    return this.cloud.broker.concrete(DEAD_LETTERS).flatMap(messagesOf);
  }

  /** Configuration of the connector under a guarantee. */
  config({ typeName, configs }: Subject, guarantee: Guarantee, parallelism: number, otherTopic = false): object {
    const { order, poisonEvery } = this.schedule;
    const common = { processingGuarantees: guarantee, parallelism, archive: `builtin://${typeName}`, configs };
    if (this.isSource) return { ...common, topicName: otherTopic ? OTHER_TOPIC : TOPIC, ...this.#sourceOptions };
    return {
      ...common,
      inputs: [TOPIC],
      sourceSubscriptionPosition: 'Earliest',
      retainOrdering: order === 'topic',
      retainKeyOrdering: order === 'key' && guarantee !== 'EFFECTIVELY_ONCE',
      negativeAckRedeliveryDelayMs: 500,
      ...(poisonEvery > 0 && { maxMessageRetries: 5, deadLetterTopic: DEAD_LETTERS }),
      ...this.#deadLetterKeys(guarantee),
    };
  }

  /** A batch source looks for tasks every two seconds. */
  get #sourceOptions(): object {
    const { route, destinations } = this.schedule;
    if (route === 'batch') return { customRuntimeOptions: '{"schedule":"*/2 * * * * *"}' };
    if (destinations === 0) return {};
    const steps = [{ type: 'compute', fields: [{ name: 'destinationTopic', expression: 'properties.to' }] }];
    return { customRuntimeOptions: JSON.stringify({ transformFunctionConfig: JSON.stringify({ steps }) }) };
  }

  /** Keys can be parked where one instance sees all records of a key: EFFECTIVELY_ONCE sees to that. */
  #deadLetterKeys(guarantee: Guarantee): object {
    const { deadLetterKeys } = this.schedule;
    if (deadLetterKeys === 'default') return {};
    return { customRuntimeOptions: JSON.stringify(guarantee === 'EFFECTIVELY_ONCE' ? { deadLetterKeys } : {}) };
  }

  /** True when the records behind a dead letter of their key go aside with it, whatever the operator changes. */
  get parksKeys(): boolean {
    const { deadLetterKeys, order, poisonEvery, keys } = this.schedule;
    const parks = deadLetterKeys === 'park' || (deadLetterKeys === 'default' && order === 'topic');
    return poisonEvery > 0 && keys > 0 && parks && !this.isEver('ATLEAST_ONCE') && !this.isEver('ATMOST_ONCE');
  }

  /** True when dead letters are sent back, at the end all that are left. */
  get isRedriven(): boolean {
    const { changes, poisonEvery } = this.schedule;
    return poisonEvery > 0 && changes.some(({ action }) => action === 'redrive');
  }
}

/** But for what the broker stored again because somebody had switched its deduplication off: nothing could keep it from that. */
const messagesOf = ({ log }: Topic): OutgoingMessage[] =>
  log.filter(({ isUnprotectedRepeat = false }) => !isUnprotectedRepeat).flatMap(({ messages }) => messages);
