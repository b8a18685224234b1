import { randomUUID } from 'node:crypto';
import { invalid, LambdaError, type Mapping, type Polling, readArn } from './mapping.ts';
import { MappingsFile, type Stored } from './mappings-file.ts';
import { openQueue, pollQueue } from './queue-poller.ts';
import { type ServerOptions, serverOf } from './servers.ts';
import { type Settings, settingsOf } from './settings.ts';
import { openStream } from './stream-api.ts';
import { pollStream } from './stream-poller.ts';

/** What mappings are kept in and call. */
export interface MappingsOptions {
  /** File that keeps them and how far each stream was read; absent: they are forgotten at the end. */
  readonly file?: string;
  /** `AWS_ENDPOINT_URL_SQS` and so on. */
  readonly env: NodeJS.ProcessEnv;
  /** How long a function may take; undefined: there is none of that name. */
  timeoutSecondsOf?(functionName: string): number | undefined;
  /** Calls a function by its name and waits for its answer; rejects when it fails. */
  invoke(functionName: string, event: object): Promise<unknown>;
}

/** The body of a request. */
export type Given = Readonly<Record<string, unknown>>;

interface Entry extends Stored {
  /** Ends its poller; absent: it is disabled. */
  stop?: AbortController;
}

const SAVE_MS = 1_000;

/** Lambda's event source mappings, of queues and streams on servers of the user's. Changes take effect at once, where Lambda takes some seconds. */
export class EventSourceMappings {
  readonly #options: MappingsOptions;
  readonly #file: MappingsFile;
  readonly #entries = new Map<string, Entry>();

  constructor(options: MappingsOptions) {
    this.#options = options;
    this.#file = new MappingsFile(options.file);
    for (const stored of this.#file.read()) this.#entries.set(stored.mapping.UUID, { ...stored });
  }

  /** Goes on with what the file holds. */
  start(): void {
    for (const entry of this.#entries.values())
      this.#open(entry.mapping).then(
        (poller) => this.#begin(entry, poller),
        (error) => note(entry, `PROBLEM: ${error.message}`),
      );
  }

  /** Ends all pollers, without waiting for what is under way, and keeps how far they are. */
  stop(): void {
    for (const { stop } of this.#entries.values()) stop?.abort();
    this.#file.write(this.#stored());
  }

  list(arn: string | null, functionName: string | null): Mapping[] {
    const isAsked = ({ EventSourceArn, FunctionArn }: Mapping) =>
      (arn === null || EventSourceArn === arn) &&
      (functionName === null || nameOf(FunctionArn) === nameOf(functionName));
    return [...this.#entries.values()].map(({ mapping }) => mapping).filter(isAsked);
  }

  get(uuid: string): Mapping {
    return this.#find(uuid).mapping;
  }

  /** Throws `LambdaError` when it is there already, when Lambda would refuse it, or when its queue or stream is not there. */
  async create(body: Given): Promise<Mapping> {
    const { EventSourceArn: arn, FunctionName: name } = body;
    if (typeof arn !== 'string' || typeof name !== 'string')
      throw invalid('EventSourceArn and FunctionName must be given');
    const settings = settingsOf(arn, body);
    serverOf(arn, this.#options.env);
    const [twin] = this.list(arn, name);
    if (twin) throw conflict(twin);
    const mapping: Mapping = {
      ...settings,
      ...{ UUID: randomUUID(), EventSourceArn: arn, FunctionArn: functionArn(arn, name) },
      ...{ LastModified: Date.now() / 1_000, LastProcessingResult: 'No records processed' },
    };
    const entry: Entry = { mapping, createdMs: Date.now(), positions: {} };
    // Before it is looked at, so that a second call meanwhile finds it.
    this.#entries.set(mapping.UUID, entry);
    const poller = await this.#open(mapping).catch((error: unknown) => {
      this.#entries.delete(mapping.UUID);
      throw error;
    });
    this.#begin(entry, poller);
    return mapping;
  }

  /** As {@link create}, of one that is there. */
  async update(uuid: string, body: Given): Promise<Mapping> {
    const entry = this.#find(uuid);
    const { UUID, EventSourceArn, FunctionArn, LastModified, LastProcessingResult, ...before } = entry.mapping;
    const settings: Settings = settingsOf(EventSourceArn, body, before);
    const named = typeof body.FunctionName === 'string' ? functionArn(EventSourceArn, body.FunctionName) : FunctionArn;
    const changed = { ...entry.mapping, ...settings, FunctionArn: named, LastModified: Date.now() / 1_000 };
    const poller = await this.#open(changed);
    entry.mapping = changed;
    this.#begin(entry, poller);
    return entry.mapping;
  }

  delete(uuid: string): Mapping {
    const { mapping, stop } = this.#find(uuid);
    stop?.abort();
    this.#entries.delete(uuid);
    this.#file.write(this.#stored());
    return mapping;
  }

  #find(uuid: string): Entry {
    const found = this.#entries.get(uuid);
    if (found) return found;
    throw new LambdaError(404, 'ResourceNotFoundException', `There is no event source mapping ${uuid}.`);
  }

  /** With the settings as they are now. */
  #begin(entry: Entry, poller: Poller | undefined): void {
    entry.stop?.abort();
    delete entry.stop;
    if (poller) this.#poll(entry, poller);
    this.#file.write(this.#stored());
  }

  #poll(entry: Entry, poller: Poller): void {
    const { mapping, createdMs, positions } = entry;
    const stop = new AbortController();
    entry.stop = stop;
    void poller({
      ...{ mapping, createdMs, positions, signal: stop.signal },
      invoke: (event) => this.#options.invoke(nameOf(mapping.FunctionArn), event),
      note: (result) => note(entry, result),
      save: () => this.#file.writeSoon(() => this.#stored(), SAVE_MS),
    });
  }

  /** Looks whether queue or stream are there before anything is changed; undefined for a mapping that is disabled. */
  async #open({ EventSourceArn: arn, FunctionArn, State }: Mapping): Promise<Poller | undefined> {
    if (State !== 'Enabled') return undefined;
    const { env, timeoutSecondsOf } = this.#options;
    const server = serverOf(arn, env);
    try {
      return await pollerOf(arn, server, timeoutSecondsOf?.(nameOf(FunctionArn)));
    } catch (cause) {
      if (cause instanceof LambdaError) throw cause;
      const { name, message } = cause as Error;
      throw invalid(`${arn} at ${server.endpoint}: ${name}: ${message}`);
    }
  }

  #stored(): Stored[] {
    return [...this.#entries.values()].map(({ mapping, createdMs, positions }) => ({ mapping, createdMs, positions }));
  }
}

/** Runs until the signal of what it is given is aborted. */
type Poller = (polling: Polling) => Promise<void>;

const pollerOf = async (arn: string, server: ServerOptions, functionSeconds: number | undefined): Promise<Poller> => {
  if (readArn(arn).service === 'sqs') {
    const queue = await openQueue(arn, server, functionSeconds);
    return (polling) => pollQueue(polling, queue);
  }
  const api = await openStream(arn, server);
  await api.shards();
  return (polling) => pollStream(polling, api);
};

const note = (entry: Entry, LastProcessingResult: string): void => {
  entry.mapping = { ...entry.mapping, LastProcessingResult };
};

/** Of a function's name or resource name. */
const nameOf = (name: string): string => name.split(':function:').at(-1)?.split(':')[0] ?? name;

const functionArn = (arn: string, name: string): string =>
  `arn:aws:lambda:${readArn(arn).region}:000000000000:function:${nameOf(name)}`;

const conflict = ({ UUID, EventSourceArn, FunctionArn }: Mapping): LambdaError =>
  new LambdaError(
    409,
    'ResourceConflictException',
    `An event source mapping with source ${EventSourceArn} and function ${FunctionArn} exists already: update or delete ${UUID}`,
  );
