import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  LambdaClient,
  type LambdaServiceException,
  ListEventSourceMappingsCommand,
  type ListEventSourceMappingsCommandInput,
  type ListEventSourceMappingsCommandOutput,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { EventTrigger, QueueTrigger, StreamTrigger } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { EventMappings } from '../core/queue-triggers.ts';

/** Which function mappings call. */
export interface EventMappingsOptions {
  /** The functions are `<prefix>queue-source` and `<prefix>stream-source`. */
  readonly functionPrefix: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** Names the connector for people who look at a mapping in AWS. */
const UID_TAG = 'pulsar-io:uid';

/** States that last: in the others Lambda refuses changes, so they are left for the next time. */
const SETTLED = new Set(['Enabled', 'Disabled']);

/** What Lambda answers when another change came first: it is looked at again the next time. */
const OVERTAKEN: ReadonlySet<string> = new Set(['ResourceConflictException', 'ResourceInUseException']);
/** The same of a mapping that was there a moment ago. */
const GONE: ReadonlySet<string> = new Set([...OVERTAKEN, 'ResourceNotFoundException']);

const NO_LONGER_THERE: ReadonlySet<string> = new Set(['ResourceNotFoundException']);

/** Whether a failed call may succeed when it is made again as it is: throttled, an error of Lambda's own, no answer. */
const isPassing = (cause: unknown): boolean => {
  const { name = '', $metadata } = cause as Partial<LambdaServiceException>;
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    name.includes('TooManyRequests') || name.includes('Throttl') || status === 0 || status === 429 || status >= 500
  );
};

/** Event source mappings through Lambda's API. Nothing is remembered: each call looks at what is there. */
export const lambdaEventMappings = ({
  functionPrefix,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: EventMappingsOptions): EventMappings => {
  const client = new LambdaClient({});
  const functionOf = (arn: string): string => `${functionPrefix}${QUEUE.test(arn) ? 'queue' : 'stream'}-source`;

  const call = async <T>(doing: string, signal: AbortSignal, send: (abortSignal: AbortSignal) => Promise<T>) => {
    try {
      return await send(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    } catch (cause) {
      const { name = 'Error', message } = cause as Partial<Error>;
      throw new PulsarIoError('PIO_TRIGGER_UNAVAILABLE', `${doing}: ${name}: ${message || 'no answer'}`, { cause });
    }
  };

  /** The same, but for errors that the next look settles. */
  const tryTo = async (
    doing: string,
    signal: AbortSignal,
    harmless: ReadonlySet<string>,
    send: (abortSignal: AbortSignal) => Promise<unknown>,
  ): Promise<void> => {
    try {
      await call(doing, signal, send);
    } catch (error) {
      if (!harmless.has(((error as Error).cause as Error).name)) throw error;
    }
  };

  const list = async (
    doing: string,
    query: ListEventSourceMappingsCommandInput,
    signal: AbortSignal,
  ): Promise<ListEventSourceMappingsCommandOutput> => {
    try {
      const command = new ListEventSourceMappingsCommand(query);
      return await call(doing, signal, (abortSignal) => client.send(command, { abortSignal }));
    } catch (error) {
      const { message, cause } = error as PulsarIoError;
      throw isPassing(cause) ? new PulsarIoError('PIO_TRIGGER_UNKNOWN', message, { cause }) : error;
    }
  };

  const findOne: Find = async (arn, signal) => {
    const query = { EventSourceArn: arn, FunctionName: functionOf(arn) };
    return (await list(`looking for the mapping of ${arn}`, query, signal)).EventSourceMappings?.[0];
  };

  const listAll = async (FunctionName: string, signal: AbortSignal): Promise<ReadonlyMap<string, Found>> => {
    const found = new Map<string, Found>();
    for (let Marker: string | undefined, isLast = false; !isLast; isLast = Marker === undefined) {
      const page = await list(`looking for the mappings of ${FunctionName}`, { FunctionName, Marker }, signal);
      for (const one of page.EventSourceMappings ?? []) found.set(one.EventSourceArn ?? '', one);
      Marker = page.NextMarker || undefined;
    }
    return found;
  };

  const findAmongAll = (): Find => {
    const listed = new Map<string, Promise<ReadonlyMap<string, Found>>>();
    return async (arn, signal) => {
      const name = functionOf(arn);
      const all = listed.get(name) ?? listAll(name, signal);
      listed.set(name, all);
      return (await all).get(arn);
    };
  };

  const mappingsBy = (find: Find): EventMappings => ({
    ensure: async (trigger, uid, isEnabled, signal) => {
      if (!isMapped(trigger)) return;
      const FunctionName = functionOf(trigger.arn);
      const found = await find(trigger.arn, signal);
      const wanted = settingsOf(trigger, isEnabled);
      if (!found) {
        const command = new CreateEventSourceMappingCommand({
          FunctionName,
          EventSourceArn: trigger.arn,
          Tags: { [UID_TAG]: uid },
          // Where a stream begins is kept by ourselves: its events only wake a run.
          ...(trigger.kind === 'stream' && { StartingPosition: 'LATEST' as const }),
          ...wanted,
        });
        await tryTo(`mapping ${trigger.arn} to ${FunctionName}`, signal, OVERTAKEN, (abortSignal) =>
          client.send(command, { abortSignal }),
        );
      } else if (SETTLED.has(found.State ?? '') && !isAs(found, trigger, isEnabled)) {
        const command = new UpdateEventSourceMappingCommand({ UUID: found.UUID, FunctionName, ...wanted });
        await tryTo(`changing the mapping of ${trigger.arn}`, signal, GONE, (abortSignal) =>
          client.send(command, { abortSignal }),
        );
      }
    },

    remove: async (arn, signal) => {
      if (!MAPPED.test(arn)) return;
      const found = await find(arn, signal);
      if (!found || found.State === 'Deleting') return;
      const command = new DeleteEventSourceMappingCommand({ UUID: found.UUID });
      await tryTo(`deleting the mapping of ${arn}`, signal, NO_LONGER_THERE, (abortSignal) =>
        client.send(command, { abortSignal }),
      );
    },

    together: () => mappingsBy(findAmongAll()),
  });
  return mappingsBy(findOne);
};

type Found = EventSourceMappingConfiguration;
type Find = (arn: string, signal: AbortSignal) => Promise<Found | undefined>;

const QUEUE = /^arn:[^:]+:sqs:/;

/** What Lambda can poll; all else notifies by itself. */
const MAPPED = /^arn:[^:]+:(sqs|kinesis|dynamodb):/;

const isMapped = (trigger: EventTrigger): trigger is QueueTrigger | StreamTrigger => trigger.kind !== 'notifications';

const maxConcurrencyOf = (trigger: QueueTrigger | StreamTrigger): number | undefined =>
  trigger.kind === 'queue' ? trigger.maxConcurrency : undefined;

/** Always with partial answers: without them Lambda would take an answer that names failures for success. */
const settingsOf = (trigger: QueueTrigger | StreamTrigger, isEnabled: boolean) => ({
  Enabled: isEnabled,
  BatchSize: trigger.batchSize,
  MaximumBatchingWindowInSeconds: trigger.windowSeconds,
  FunctionResponseTypes: ['ReportBatchItemFailures' as const],
  // An empty object takes the limit away; a stream has none.
  ...(trigger.kind === 'queue' && { ScalingConfig: scalingOf(trigger) }),
});

const scalingOf = ({ maxConcurrency }: QueueTrigger) =>
  maxConcurrency === undefined ? {} : { MaximumConcurrency: maxConcurrency };

const isAs = (
  {
    State,
    BatchSize,
    MaximumBatchingWindowInSeconds = 0,
    FunctionResponseTypes = [],
    ScalingConfig,
  }: EventSourceMappingConfiguration,
  trigger: QueueTrigger | StreamTrigger,
  isEnabled: boolean,
): boolean =>
  State === (isEnabled ? 'Enabled' : 'Disabled') &&
  BatchSize === trigger.batchSize &&
  MaximumBatchingWindowInSeconds === trigger.windowSeconds &&
  FunctionResponseTypes.includes('ReportBatchItemFailures') &&
  ScalingConfig?.MaximumConcurrency === maxConcurrencyOf(trigger);
