/** An event source mapping as Lambda shows it (`EventSourceMappingConfiguration`); times in epoch seconds. */
export interface Mapping {
  readonly UUID: string;
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  readonly State: 'Enabled' | 'Disabled';
  readonly LastModified: number;
  readonly LastProcessingResult: string;
  readonly BatchSize: number;
  readonly MaximumBatchingWindowInSeconds: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly StartingPosition?: string;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly MaximumRetryAttempts?: number;
  readonly Tags?: Readonly<Record<string, string>>;
}

/** What a poller works with until the mapping is disabled, changed or deleted. */
export interface Polling {
  readonly mapping: Mapping;
  /** When the mapping was made, epoch milliseconds. */
  readonly createdMs: number;
  /** Sequence number behind which each shard goes on, or {@link SHARD_END}. */
  readonly positions: Record<string, string>;
  /** Aborted: no further batch; the one under way comes to its end. */
  readonly signal: AbortSignal;
  /** Calls the function and waits for its answer; rejects when it fails. */
  invoke(event: object): Promise<unknown>;
  /** Tells how the last batch went: `OK`, or `PROBLEM: …`. */
  note(result: string): void;
  /** Keeps what changed in `positions`. */
  save(): void;
}

/** Position of a shard that is closed and was read to its end. */
export const SHARD_END = 'END';

/** An error of Lambda's API. */
export class LambdaError extends Error {
  readonly statusCode: number;

  /** `type`: the name that the SDK gives the error. */
  constructor(statusCode: number, type: string, message: string) {
    super(message);
    this.name = type;
    this.statusCode = statusCode;
  }
}

/** `InvalidParameterValueException`: what Lambda answers to most of what it cannot do. */
export const invalid = (message: string): LambdaError =>
  new LambdaError(400, 'InvalidParameterValueException', message);

/** Service, region and the rest of a resource name: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
export const readArn = (
  arn: string,
): { readonly service: string; readonly region: string; readonly resource: string } => {
  const [, , service = '', region = '', , ...resource] = arn.split(':');
  return { service, region, resource: resource.join(':') };
};
