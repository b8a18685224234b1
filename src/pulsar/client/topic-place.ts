import type { Connection } from '../network/connection.ts';
import type { ConnectionPool, PulsarService } from '../network/connection-pool.ts';
import { connectionForTopic } from '../network/lookup.ts';
import { type ClientContext, requestOptions } from './client-context.ts';

/** Two addresses of one place, of which the client's own kind of connection takes one. */
interface Addresses {
  readonly plain: string | undefined;
  readonly tls: string | undefined;
}

/** Where a topic is served, as far as brokers have told its producer or consumer. */
export class TopicPlace {
  private readonly context: ClientContext;
  private readonly topic: string;
  /** Where the topic goes on, and of which service that broker is. */
  private next: { readonly brokerUrl: string; readonly service: PulsarService } | undefined;
  private clusterUrl: string | undefined;
  private leaving = new AbortController();

  constructor(context: ClientContext, topic: string) {
    this.context = context;
    this.topic = topic;
  }

  private get pool(): ConnectionPool {
    return this.clusterUrl === undefined ? this.context.pool : this.context.poolOf(this.clusterUrl);
  }

  private choose({ plain, tls }: Addresses): string | undefined {
    return (this.context.pool.isTls ? tls : plain) || undefined;
  }

  /** The broker closed the producer or consumer, and perhaps said which one serves the topic now: then true. */
  closed(next: { assignedBrokerServiceUrl?: string | undefined; assignedBrokerServiceUrlTls?: string | undefined }) {
    const brokerUrl = this.choose({ plain: next.assignedBrokerServiceUrl, tls: next.assignedBrokerServiceUrlTls });
    this.next = brokerUrl === undefined ? undefined : { brokerUrl, service: this.pool.service };
    this.leaving.abort();
    return this.next !== undefined;
  }

  /** The topic has moved to another cluster; the broker closes the producer or consumer next. */
  migrated(urls: { brokerServiceUrl?: string | undefined; brokerServiceUrlTls?: string | undefined }): void {
    const url = this.choose({ plain: urls.brokerServiceUrl, tls: urls.brokerServiceUrlTls });
    if (url === undefined) return;
    this.context.log('INFO', `${this.topic} has migrated to ${url}`);
    this.clusterUrl = url;
  }

  /** Connects to the broker that was named last, else to the one that a lookup finds, and registers there. */
  async attach<T>(
    signal: AbortSignal,
    register: (connection: Connection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { next } = this;
    this.next = undefined;
    this.leaving = new AbortController();
    const connection = await this.connect(next?.service === this.pool.service ? next.brokerUrl : undefined, signal);
    return register(connection, AbortSignal.any([signal, this.leaving.signal]));
  }

  private async connect(brokerUrl: string | undefined, signal: AbortSignal): Promise<Connection> {
    const { context, topic, pool } = this;
    if (brokerUrl !== undefined) {
      try {
        return await pool.toBroker(brokerUrl, false, signal);
      } catch {
        context.log('WARN', `the broker at ${brokerUrl}, named for ${topic}, cannot be reached: looking it up`);
      }
    }
    const { listenerName } = context;
    return connectionForTopic(pool, topic, { ...requestOptions(context, signal), listenerName });
  }
}
