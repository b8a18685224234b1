import type { Connector } from '../../core/connector.ts';
import type { ConnectorType, OpenContext } from '../../core/connector-type.ts';
import type { RunDeps } from '../run-deps.ts';

/** What an inspection works with. */
export interface Inspection {
  readonly deps: RunDeps;
  readonly connector: Connector;
  readonly type: ConnectorType;
  /** As the type takes it, secrets resolved. */
  readonly config: never;
  readonly context: OpenContext;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}
