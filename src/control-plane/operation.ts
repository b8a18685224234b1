import type { ConnectorName } from '../core/registry.ts';
import type { Caller } from './access/authorize.ts';
import type { ControlPlaneDeps } from './deps.ts';
import type { AdminRequest } from './http/admin-request.ts';
import type { Answer } from './http/answers.ts';
import type { KindWords } from './kind-words.ts';

/** Values of a route's `{parameters}`. */
export type PathParameters = Readonly<Record<string, string>>;

/** One admin request on its way to its operation. */
export interface Call {
  readonly deps: ControlPlaneDeps;
  readonly words: KindWords;
  readonly parameters: PathParameters;
  readonly request: AdminRequest;
  /** Absent: authorization is off. */
  readonly caller?: Caller | undefined;
  readonly signal: AbortSignal;
}

/** One operation of the admin API. Throws `PulsarIoError`: its message becomes the answer's `reason`. */
export type Operation = (call: Call) => Promise<Answer>;

/** The connector that the path names. */
export const nameOf = ({ parameters: { tenant = '', namespace = '', name = '' } }: Call): ConnectorName => ({
  tenant,
  namespace,
  name,
});
