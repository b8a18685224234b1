import type { Static, TObject } from '@sinclair/typebox';
import type { Frontier } from './frontier.ts';
import type { Guarantee } from './guarantee.ts';
import type { Position } from './position.ts';
import type { RecordResult, SinkRecord, SourceRecord } from './record.ts';
import type { Token } from './token.ts';

/** How a sink type gets to EFFECTIVELY_ONCE: see `docs/guarantees.md`. */
export type ExactlyRoute = 'transactional' | 'versioned' | 'idempotent';

/** What `open` is handed besides the configuration. */
export interface OpenContext {
  /** `tenant/namespace/name`. */
  readonly connector: string;
  readonly uid: string;
  readonly instance: number;
  readonly parallelism: number;
  readonly guarantee: Guarantee;
  /** When the connector was created, epoch milliseconds. */
  readonly createdAtMs: number;
  /** Position up to which a source partition is settled, whichever instance reads it; undefined: its start. */
  positionOf(partition: string): Promise<Position | undefined>;
  /** Aborted when the run ends; `open` and every call must give up then. */
  readonly signal: AbortSignal;
  /** The global fetch, or a test's. */
  readonly fetch: typeof fetch;
  /** Value of a secret by name, undefined when it is not in the connector's `secrets`. */
  getSecret(name: string): Promise<string | undefined>;
}

/** A refusal of a guarantee: why, and what would make it possible. */
export interface Problem {
  /** JSON pointer into the connector's config, e.g. `/configs/timeoutMs`. */
  readonly path: string;
  readonly message: string;
}

/** What the schema of a config key may say beyond JSON Schema. */
export interface FieldNotes {
  /** Masked in every answer and log. */
  readonly secret?: boolean;
  /** What Pulsar's own `configdefinition` says of the key, where it differs from what follows from the schema; absent for our additions. */
  readonly pulsar?: {
    /** Java type name. */
    readonly type: string;
    readonly default: string;
    readonly help?: string;
    readonly required?: boolean;
  };
}

interface ConnectorTypeBase<C extends TObject> {
  /** Name in the catalogue, X in `builtin://X`: that of Pulsar's own builtin connector where one exists. */
  readonly name: string;
  /** One sentence, shown by `available-sinks` and `available-sources`. */
  readonly summary: string;
  /** Class name that GET shows: that of Pulsar's own connector where one exists. */
  readonly className: string;
  /** Class of its configuration, shown by `builtinsinks` and `builtinsources`: that of Pulsar's own connector where one exists. */
  readonly configClassName?: string;
  /** The guarantees that this type can hold with a fitting configuration. */
  readonly guarantees: readonly Guarantee[];
  /** Why it cannot hold another, where that is worth telling: a clause. */
  readonly refusals?: Readonly<Partial<Record<Guarantee, string>>>;
  /**
   * Keys, types, defaults, descriptions, and {@link FieldNotes}. Keys are those of Pulsar's own connector, in its order; ours are additions after them.
   */
  readonly config: C;
  /** Cross-field rules: every problem of a config that its schema accepts. Pure. */
  check?(config: Static<C>, guarantee: Guarantee): readonly Problem[];
}

/** Where a transactional sink's frontier goes and what must be true for it: one compare-and-set in the target's transaction. */
export interface FrontierMove {
  readonly topic: string;
  readonly token: Token;
  /** The frontier that must be stored now. */
  readonly from: Frontier;
  readonly to: Frontier;
}

/** What a transactional sink stores per topic-partition. */
export interface FrontierRow {
  readonly token: Token;
  readonly frontier: Frontier;
}

/** A sink that is open. */
export interface OpenSink {
  /**
   * Writes the records in the order given. One result per record, in that order; a record's failure is a result. Throws only when nothing
   * can be said of the records one by one (the connection broke): then all of them count as unsettled.
   * A `versioned` sink writes each record with its `version`, so that an older or repeated write cannot undo a newer one. An `idempotent` one gives the target an id that is the
   * same for every attempt at a record.
   */
  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]>;
  /** What a write of the record would put where, for a person: columns, a statement; or a promise of it. Writes nothing; throws what a write would refuse the record with. */
  describe?(record: SinkRecord, signal: AbortSignal): unknown;
  /** Frees everything; may be called twice, and after a failed write. */
  close(): Promise<void>;
}

/** A sink whose target commits our frontier in the same transaction as the data. */
export interface TransactionalSink extends OpenSink {
  /**
   * Fence on open (GUARANTEES rule 15): stores `token` if it is newer than the stored one, inserting `initial` when the topic has no row, and
   * returns the row as of that write. Throws `PIO_FENCED` when the stored token is newer or equal.
   */
  fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow>;
  /**
   * One transaction: first the frontier move (no matching row: roll back, throw `PIO_FENCED`), then the records. Commits and resolves with
   * `undefined` when all were written; else rolls everything back and resolves with a result for each record that is to blame
   * (undefined where it is not known). Throws when the outcome is unknown: the caller fences again and never repeats blindly (rule 31).
   */
  transact(
    records: readonly SinkRecord[],
    move: FrontierMove,
    signal: AbortSignal,
  ): Promise<readonly (RecordResult | undefined)[] | undefined>;
}

/** What a sink type takes for a record's value. */
export type SinkForm = 'bytes' | 'text' | 'fields';

/** Declaration of a sink type: one of these is all that a new sink needs. */
export interface SinkType<C extends TObject = TObject> extends ConnectorTypeBase<C> {
  readonly kind: 'sink';
  /** The form of `SinkRecord.value`: payload bytes, UTF-8 text, or the fields of a JSON object. */
  readonly accepts: SinkForm;
  /** The form that a configuration asks for, where that differs. */
  acceptsFor?(config: Static<C>): SinkForm;
  /** Route to EFFECTIVELY_ONCE; absent: refused at create. */
  readonly route?: ExactlyRoute;
  /** The route that a configuration has, where not each has it: undefined where a repeated write is one more. */
  routeFor?(config: Static<C>): ExactlyRoute | undefined;
  /** Largest batch that a write takes, in records; the runtime's default when absent. */
  maxBatchRecords?(config: Static<C>): number;
  /** Bytes of payload at which a batch is full, and how long one waits for more records, in milliseconds; the runtime's defaults when absent. */
  batchLimits?(config: Static<C>): { readonly maxBytes: number; readonly lingerMs: number };
  /** What a record's `destinationTopic` names there, such as a table; absent: the type writes to one place only, and a transformation that computes it is refused. */
  readonly destination?: string;
  /** Opens the target, and creates nothing there: an inspection does it, too. `transactional` types return a {@link TransactionalSink}. */
  open(config: Static<C>, context: OpenContext): Promise<OpenSink | TransactionalSink>;
}

/** How far a source partition is settled: what its checkpoint says. */
export interface SettledUpTo {
  readonly sequence: number;
  /** Null: nothing was read yet. */
  readonly position: Position | null;
}

/** A log source that is open: re-readable from a position in the same order. */
export interface OpenLogSource {
  /** The source partitions that exist now, by stable name; each is read by one instance (index mod parallelism). */
  partitions(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Pages of what follows `from` (undefined: from the start), in order, ending when the source has nothing more for now. A page is at most some thousand
   * records or a few megabytes. Never commits: the runtime does.
   */
  read(partition: string, from: Position | undefined, signal: AbortSignal): AsyncIterable<readonly SourceRecord[]>;
  /**
   * Where a partition of which nothing was read begins, for a log whose oldest records vanish: stored before anything is published, so that a later run counts from the same
   * record. Undefined: it has no record yet.
   */
  begin?(partition: string, signal: AbortSignal): Promise<Position | undefined>;
  /** Told that all up to there is settled, durably: it will not be read again, and may be freed. A failure ends the attempt. */
  committed?(partition: string, upTo: SettledUpTo, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Declaration of a log source type. */
export interface LogSourceType<C extends TObject = TObject> extends ConnectorTypeBase<C> {
  readonly kind: 'source';
  readonly source: 'log';
  /** Shape of a position: kept between runs, so a change of it needs a migration. */
  readonly position: TObject;
  /** Avro schema of the records, where all have one: registered with the topic when `schemaType` is JSON or AVRO. */
  readonly recordSchema?: object;
  /** `tenant/namespace` of the topics that its records name as their `destinationTopic`, where that is not the output topic's; undefined: they name none elsewhere. */
  destinationNamespace?(config: Static<C>): string | undefined;
  /** What Lambda is to call us for when there is something new: a run then starts at once, and reads the log as ever. Absent or undefined: the dispatcher looks. */
  trigger?(config: Static<C>): EventTrigger | undefined;
  /** How long a drained source rests before it is read again, in milliseconds; undefined in the answer: it is finite and done. */
  pollIntervalMs(config: Static<C>): number | undefined;
  open(config: Static<C>, context: OpenContext): Promise<OpenLogSource>;
}

/** A pushed event in the shape that the source's `map` takes: an HTTP request, a queue's or a stream's batch. */
export interface HttpEvent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly receivedAtMs: number;
}

/** A record of an event source: it has no position, the event itself is what is retried. */
export type EventRecord = Omit<SourceRecord, 'sequence' | 'position'>;

/** Declaration of an event source type: a pure function from event to records. */
export interface EventSourceType<C extends TObject = TObject> extends ConnectorTypeBase<C> {
  readonly kind: 'source';
  readonly source: 'event';
  /** Records of one event. Throws `PIO_SOURCE_RECORD_INVALID` or `PIO_UNAUTHORIZED`: the sender is told, nothing is published. */
  map(event: HttpEvent, config: Static<C>): readonly EventRecord[];
  /** The body of the answer, where the sender's protocol asks for one and takes 200 alone for success; absent: an answer of ours. */
  answer?(event: HttpEvent, error: Error | undefined, nowMs: number): object;
}

/** A message as a queue gave it. */
export interface QueueMessage {
  /** With `error` when it cannot be published as it is; its key is its message group where the queue keeps an order. */
  readonly record: EventRecord;
  /** What {@link OpenQueueSource.settle} takes: opaque, good for one delivery. */
  readonly receipt: string;
  /** Equal for every delivery of the same message; undefined where the queue or the configuration names none. */
  readonly id: string | undefined;
}

/** A queue source that is open. Not re-readable: a message that is not settled comes again, in its own time. */
export interface OpenQueueSource {
  /**
   * At most `max` messages, waiting up to `waitMs` for the first; empty when none came. They are hidden from other receivers for {@link hiddenMs}. With an
   * order, messages of one key come in it, and none comes while an older one of its key is hidden.
   */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly QueueMessage[]>;
  /** Removes messages from the queue. One that could not be removed comes again, which is no failure. Throws when the queue does not answer. */
  settle(receipts: readonly string[], signal: AbortSignal): Promise<void>;
  /** Hides messages for another {@link hiddenMs} from now; best effort. */
  extend(receipts: readonly string[], signal: AbortSignal): Promise<void>;
  /** How long a received message is hidden, in milliseconds. */
  readonly hiddenMs: number;
  /** How long the queue keeps a message, in milliseconds: no repetition comes later than that. */
  readonly retentionMs: number;
  close(): Promise<void>;
}

/** What Lambda calls us for: the messages of a queue, which an event source mapping brings, or notifications, which whoever made the rule sends. */
export interface EventTrigger {
  readonly kind: 'queue' | 'stream' | 'notifications';
  /** Amazon resource name of what the events are of, or {@link eventbridgeName}. */
  readonly arn: string;
}

/** What the events of one `source` of EventBridge are known by, in the place of a resource name: an event names no bus and no rule. */
export const eventbridgeName = (source: string): string => `eventbridge:${source}`;

/** How we are notified of messages that nobody can be asked for: each comes as an event of its own, and goes through the inbox under every guarantee. */
export interface NotificationTrigger extends EventTrigger {
  readonly kind: 'notifications';
  /** Longest that the same message may come again, in milliseconds. */
  readonly retentionMs: number;
}

/** How Lambda calls us for a queue. */
export interface QueueTrigger extends EventTrigger {
  readonly kind: 'queue';
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** Longest that the queue may keep a message, in milliseconds, however it is set up: where Lambda receives, nobody asks the queue itself. */
  readonly retentionMs: number;
  /** Functions that Lambda runs side by side at most; undefined: no limit of its own. */
  readonly maxConcurrency: number | undefined;
}

/** Declaration of a queue source type: each message once, with a receipt. */
export interface QueueSourceType<C extends TObject = TObject> extends ConnectorTypeBase<C> {
  readonly kind: 'source';
  readonly source: 'queue';
  /** True: messages of one key are published in the queue's order. */
  isOrdered(config: Static<C>): boolean;
  /** How long the ids of messages are remembered under EFFECTIVELY_ONCE and ATMOST_ONCE, in milliseconds. */
  rememberMs(config: Static<C>): number;
  /** How long an empty queue rests before it is looked at again, in milliseconds. */
  pollIntervalMs(config: Static<C>): number;
  /** What Lambda is to call us for; undefined: scheduled runs pull the queue. */
  trigger(config: Static<C>): QueueTrigger | NotificationTrigger | undefined;
  /** Messages of the event that Lambda sends for {@link trigger}. Throws `PIO_REQUEST_INVALID` for any other shape. */
  messagesOf(event: unknown, config: Static<C>): readonly QueueMessage[];
  open(config: Static<C>, context: OpenContext): Promise<OpenQueueSource>;
}

/** How Lambda calls us for a stream. */
export interface StreamTrigger extends EventTrigger {
  readonly kind: 'stream';
  readonly batchSize: number;
  readonly windowSeconds: number;
}

/** A piece of work that a discovery found: an object, a page, a time. */
export interface BatchTask {
  /** Equal whenever the same task is found: it is done once. */
  readonly id: string;
  /** What {@link OpenBatchSource.read} needs: JSON. */
  readonly task: Readonly<Record<string, unknown>>;
}

/** A record of a task; its position is within the task. */
export type TaskRecord = Omit<SourceRecord, 'sequence'>;

/** A batch source that is open: Pulsar's discover → prepare → readNext. */
export interface OpenBatchSource {
  /** The tasks that there are at `dueMs`; `sinceMs`: the time of the discovery before, undefined at the first. A task that was found before may be found again. */
  discover(dueMs: number, sinceMs: number | undefined, signal: AbortSignal): AsyncIterable<readonly BatchTask[]>;
  /** Pages of what a task has after `from` (undefined: from its start), the same in the same order whenever it is read. */
  read(task: BatchTask['task'], from: Position | undefined, signal: AbortSignal): AsyncIterable<readonly TaskRecord[]>;
  close(): Promise<void>;
}

/** Declaration of a batch source type: tasks that are discovered at certain times, or that events bring, each read once. */
export interface BatchSourceType<C extends TObject = TObject> extends ConnectorTypeBase<C> {
  readonly kind: 'source';
  readonly source: 'batch';
  /** How long the ids of tasks are remembered, in milliseconds. */
  readonly rememberMs: number;
  /** What events bring tasks; undefined: they are discovered. */
  trigger(config: Static<C>): EventTrigger | undefined;
  /** Tasks of an event for {@link trigger}. Throws `PIO_REQUEST_INVALID` for any other shape. */
  tasksOf(event: unknown, config: Static<C>): readonly BatchTask[];
  open(config: Static<C>, context: OpenContext): Promise<OpenBatchSource>;
}

/** Declaration of a source type. */
export type SourceType<C extends TObject = TObject> =
  | LogSourceType<C>
  | EventSourceType<C>
  | QueueSourceType<C>
  | BatchSourceType<C>;

/** Declaration of any connector type. */
export type ConnectorType = SinkType | SourceType;

/** What a type says of its records, see `LogSourceType.recordSchema`. */
export const recordSchemaOf = (type: ConnectorType | undefined): object | undefined =>
  type?.kind === 'source' && type.source === 'log' ? type.recordSchema : undefined;

/** Declares a sink type; gives `open` and `check` the type of their own config. */
export const defineSink = <C extends TObject>(type: Omit<SinkType<C>, 'kind'>): SinkType =>
  ({ kind: 'sink', ...type }) as unknown as SinkType;

/** Declares a log source type. */
export const defineLogSource = <C extends TObject>(type: Omit<LogSourceType<C>, 'kind' | 'source'>): LogSourceType =>
  ({ kind: 'source', source: 'log', ...type }) as unknown as LogSourceType;

/** Declares an event source type. */
export const defineEventSource = <C extends TObject>(
  type: Omit<EventSourceType<C>, 'kind' | 'source'>,
): EventSourceType => ({ kind: 'source', source: 'event', ...type }) as unknown as EventSourceType;

/** Declares a queue source type. */
export const defineQueueSource = <C extends TObject>(
  type: Omit<QueueSourceType<C>, 'kind' | 'source'>,
): QueueSourceType => ({ kind: 'source', source: 'queue', ...type }) as unknown as QueueSourceType;

/** Declares a batch source type. */
export const defineBatchSource = <C extends TObject>(
  type: Omit<BatchSourceType<C>, 'kind' | 'source'>,
): BatchSourceType => ({ kind: 'source', source: 'batch', ...type }) as unknown as BatchSourceType;

/** What a package of connector types has as its default export: see docs/connector-types.md. */
export interface ConnectorPackage {
  readonly sinks?: readonly SinkType[];
  readonly sources?: readonly SourceType[];
}

/** Finds connector types by name; implemented by the catalogue in `src/connectors`. */
export interface Catalogue {
  sink(name: string): SinkType | undefined;
  source(name: string): SourceType | undefined;
  readonly sinks: readonly SinkType[];
  readonly sources: readonly SourceType[];
}
