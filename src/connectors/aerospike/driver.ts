import { createRequire } from 'node:module';
import { PulsarIoError } from '../../core/errors.ts';

/** A filter expression, as the package builds it. */
export type Expression = readonly object[];

/** Values of bins by their names. */
export type Bins = Readonly<Record<string, unknown>>;

/** What of a write is not its bins. */
export interface WritePolicy {
  readonly socketTimeout: number;
  readonly totalTimeout: number;
  readonly maxRetries: number;
  readonly exists?: number;
  readonly filterExpression?: Expression;
}

/** A client of the package. */
export interface AerospikeClient {
  connect(): Promise<unknown>;
  put(key: object, bins: Bins, meta: { readonly ttl?: number }, policy: object): Promise<unknown>;
  remove(key: object, policy: object): Promise<unknown>;
  close(): void;
}

/** What is used of the package `aerospike`, whose own types are not here as it is not installed. */
export interface Driver {
  readonly Client: new (config: object) => AerospikeClient;
  readonly Key: new (namespace: string, set: string | undefined, key: string) => object;
  readonly Double: new (value: number) => object;
  readonly WritePolicy: new (policy: WritePolicy) => object;
  readonly RemovePolicy: new (policy: WritePolicy) => object;
  readonly policy: { readonly exists: { readonly UPDATE: number; readonly CREATE_OR_REPLACE: number } };
  readonly ttl: { readonly NEVER_EXPIRE: number };
  readonly log: { readonly OFF: number };
  readonly exp: {
    or(...of: readonly Expression[]): Expression;
    ne(a: Expression, b: Expression): Expression;
    lt(a: Expression, b: Expression): Expression;
    int(value: number): Expression;
    binInt(bin: string): Expression;
    binType(bin: string): Expression;
  };
  setDefaultLogging(settings: { readonly level: number }): void;
}

const PACKAGE = 'aerospike';
const VERSION = '6.7.1';

/**
 * Loads the package, which is installed beside ours by those who use it. By `require`, because that looks into the layers of a Lambda function, and `import` does not.
 * Throws `PIO_DRIVER_MISSING` when it is not installed, or its addon cannot be loaded.
 */
export const loadDriver = (load: (name: string) => unknown = createRequire(import.meta.url)): Driver => {
  try {
    const driver = load(PACKAGE) as Driver;
    driver.setDefaultLogging({ level: driver.log.OFF });
    return driver;
  } catch (cause) {
    throw new PulsarIoError(
      'PIO_DRIVER_MISSING',
      `the aerospike sink needs the package ${PACKAGE}, which cannot be loaded: npm install ${PACKAGE}@${VERSION}, and libyaml (apt-get install libyaml-0-2), on the platform where it runs; on Lambda, a layer with both`,
      { cause },
    );
  }
};
