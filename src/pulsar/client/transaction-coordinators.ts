import { setTimeout as sleep } from 'node:timers/promises';
import { partitionTopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { Backoff } from '../network/backoff.ts';
import type { Connection } from '../network/connection.ts';
import { connectionForTopic, partitionCount } from '../network/lookup.ts';
import { abortedError, type RequestOptions } from '../network/request-table.ts';
import { type ServerError, serverErrorName } from '../protocol/index.ts';
import { type ClientContext, requestOptions } from './client-context.ts';

const ASSIGNMENT_TOPIC = 'persistent://pulsar/system/transaction_coordinator_assign';
/** What passes by itself: the coordinator moves, its broker restarts or is overloaded. */
const TRANSIENT = new Set([
  'TransactionCoordinatorNotFound',
  'ServiceNotReady',
  'Disconnected',
  'ConnectError',
  'TooManyRequests',
]);
/** How brokers answer for a topic, or a namespace, that is not there. */
const ABSENT = new Set(['TopicNotFound', 'MetadataError']);
const LONGEST_DELAY_MS = 3000;

/** What every answer of a coordinator has. */
interface CoordinatorAnswer {
  readonly error: ServerError | undefined;
  readonly message: string | undefined;
}

function refuse<A extends CoordinatorAnswer>(what: string, answer: A): A {
  if (answer.error === undefined) return answer;
  throw new PulsarError(
    serverErrorName(answer.error),
    `${what}: ${answer.message ?? 'the coordinator gave no reason'}`,
  );
}

/** The transaction coordinators of a cluster, as one client sees them: found when first needed, found again after they moved. */
export class TransactionCoordinators {
  private readonly context: ClientContext;
  private readonly connections = new Map<number, Promise<Connection>>();
  private count: Promise<number> | undefined;
  private nextCoordinator = 0;

  constructor(context: ClientContext) {
    this.context = context;
  }

  /** The number of a coordinator for a new transaction, each in turn. Rejects with NotAllowedError where there are none. */
  async choose(signal: AbortSignal | undefined): Promise<number> {
    this.count ??= this.find(signal);
    const found = this.count;
    const count = await found.catch((error) => {
      if (this.count === found) this.count = undefined;
      throw error;
    });
    return this.nextCoordinator++ % count;
  }

  private async find(signal: AbortSignal | undefined): Promise<number> {
    const options = { ...requestOptions(this.context, signal), mayCreate: false };
    let cause: unknown;
    try {
      const count = await partitionCount(this.context.pool, ASSIGNMENT_TOPIC, options);
      if (count > 0) return count;
    } catch (error) {
      if (!(error instanceof PulsarError && ABSENT.has(error.code))) throw error;
      cause = error;
    }
    const hint = 'the cluster needs transactionCoordinatorEnabled=true and initialized coordinator metadata';
    throw new PulsarError('NotAllowedError', `there is no transaction coordinator: ${hint}`, { cause });
  }

  private connectionTo(coordinator: number, options: RequestOptions): Promise<Connection> {
    const known = this.connections.get(coordinator);
    if (known !== undefined) return known;
    const connection = this.connect(coordinator, options);
    this.connections.set(coordinator, connection);
    const forget = () => {
      if (this.connections.get(coordinator) === connection) this.connections.delete(coordinator);
    };
    connection.then(({ closed }) => closed.then(forget), forget);
    return connection;
  }

  private async connect(coordinator: number, options: RequestOptions): Promise<Connection> {
    const { pool, listenerName } = this.context;
    const topic = partitionTopicName(ASSIGNMENT_TOPIC, coordinator);
    const connection = await connectionForTopic(pool, topic, { ...options, listenerName });
    const fields = { tcId: coordinator };
    const answer = await connection.request('TC_CLIENT_CONNECT_REQUEST', fields, 'TC_CLIENT_CONNECT_RESPONSE', options);
    refuse(`connecting to transaction coordinator ${coordinator}`, answer);
    return connection;
  }

  /** Asks a coordinator; again with back-off, until the operation timeout, while it cannot be reached or is not ready. */
  async ask<A extends CoordinatorAnswer>(
    coordinator: number,
    what: string,
    request: (connection: Connection, options: RequestOptions) => Promise<A>,
    signal: AbortSignal | undefined,
  ): Promise<A> {
    const options = requestOptions(this.context, signal);
    const deadlineMs = performance.now() + options.timeoutMs;
    const backoff = new Backoff(100, LONGEST_DELAY_MS);
    for (;;) {
      try {
        return refuse(what, await request(await this.connectionTo(coordinator, options), options));
      } catch (error) {
        const isTransient = error instanceof PulsarError && TRANSIENT.has(error.code);
        const delayMs = backoff.next();
        if (!isTransient || performance.now() + delayMs > deadlineMs) throw error;
        this.connections.delete(coordinator);
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) throw abortedError(what, signal);
      }
    }
  }
}
