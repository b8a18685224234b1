import type { ConnectorKind } from '../core/connector.ts';
import type { AdminTarget } from './admin-client.ts';
import type { Given } from './read-config.ts';

/** One command of the command line on its way. */
export interface Command {
  readonly kind: ConnectorKind;
  readonly given: Given;
  readonly target: AdminTarget;
  /** Writes a line of the answer to stdout. */
  readonly print: (text: string) => void;
  /** Writes a line about progress to stderr. */
  readonly note: (text: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Words that are printed for a success; as JSON when `--output json` was asked for. */
export const done = ({ given, print }: Command, message: string): void =>
  print(given.output === 'json' ? JSON.stringify({ message }) : message);
