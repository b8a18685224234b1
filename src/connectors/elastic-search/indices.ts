import { PulsarIoError } from '../../core/errors.ts';
import type { ElasticSearchConfig } from './config.ts';
import { failureOf, type SearchServer } from './connect.ts';
import { requestError } from './errors.ts';

/** Creates indices that do not exist, each looked at once in a session. */
export class Indices {
  readonly #server: SearchServer;
  readonly #settings: object;
  readonly #isWanted: boolean;
  readonly #configured: string;
  readonly #known = new Set<string>();

  constructor(server: SearchServer, config: ElasticSearchConfig) {
    this.#server = server;
    this.#isWanted = config.createIndexIfNeeded;
    this.#configured = config.indexName;
    this.#settings = {
      number_of_shards: config.indexNumberOfShards,
      number_of_replicas: config.indexNumberOfReplicas,
    };
  }

  /** Sees to it that the index exists, where the configuration asks for that. Answers why it cannot. */
  async ensure(index: string, doing: string, signal: AbortSignal): Promise<PulsarIoError | undefined> {
    if (!this.#isWanted || this.#known.has(index)) return undefined;
    const path = `/${encodeURIComponent(index)}`;
    const looked = await this.#server.ask({ method: 'HEAD', path }, doing, signal);
    if (looked.status === 404) {
      const body = JSON.stringify({ settings: { index: this.#settings } });
      const { status, body: answer } = await this.#server.ask({ method: 'PUT', path, body }, doing, signal);
      const failure = failureOf(answer);
      if (status >= 400 && failure?.type !== 'resource_already_exists_exception')
        return this.#refusal(index, status, failure, doing);
    } else if (looked.status >= 400) return requestError(looked.status, undefined, doing);
    this.#known.add(index);
    return undefined;
  }

  #refusal(index: string, status: number, failure: ReturnType<typeof failureOf>, doing: string): PulsarIoError {
    const isNamedByRecord = index !== this.#configured;
    if (status === 400 && isNamedByRecord && failure?.type === 'invalid_index_name_exception')
      return new PulsarIoError('PIO_SINK_REJECTED', `${doing}: the record’s index cannot have such a name`);
    return requestError(status, failure, doing);
  }
}
