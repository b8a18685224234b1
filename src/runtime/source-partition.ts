import type { SourceConnector } from '../core/connector.ts';
import type { OpenLogSource } from '../core/connector-type.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { SourceGuarantee } from '../delivery/pipeline.ts';
import type { RunContext } from './run-deps.ts';

/** One attempt of a source's run. */
export interface SourceContext extends RunContext {
  readonly connector: SourceConnector;
  readonly session: MessagingSession;
}

/** One source partition in one attempt of a run. */
export interface SourcePartitionContext extends SourceContext {
  readonly source: OpenLogSource;
  readonly partition: string;
  /** True once another partition of the run failed: the attempt is over. */
  isHalted(): boolean;
}

/** The means of the connector's guarantee. */
export const guaranteeOf = ({ connector, deps }: SourcePartitionContext): SourceGuarantee =>
  deps.guarantees.source[connector.config.processingGuarantees];
