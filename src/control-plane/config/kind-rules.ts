import type { CommonConfig, ConnectorKind } from '../../core/connector.ts';
import type { ConnectorType } from '../../core/connector-type.ts';
import type { ConnectorName } from '../../core/registry.ts';
import type { CommonDraft } from './drafts.ts';
import type { Reader } from './readers.ts';
import { sinkRules } from './sink-rules.ts';
import { sourceRules } from './source-rules.ts';

/** What is particular to the configuration of one kind of connector. `D` is what was sent, `C` what is stored. Pure. */
export interface KindRules<D extends CommonDraft, C extends CommonConfig> {
  /** Reads the JSON of the configuration part. Throws `Unreadable`. */
  readonly read: Reader<D>;
  /** Refuses what Pulsar refuses, first failure first (PULSAR-ADMIN-CONTRACT 2.5). Throws `PIO_CONFIG_INVALID`. */
  validate(draft: D, type: ConnectorType): void;
  /** Fills in the defaults (2.2 to 2.4). */
  complete(name: ConnectorName, draft: D, type: ConnectorType): C;
  /** An update on top of what is stored (2.7, with our differences). Throws `PIO_CONFIG_INVALID`. */
  merge(stored: C, given: D): D;
  /** What GET shows (2.6); secrets are masked by the caller. */
  project(config: C): object;
  /** Topics that a guarantee depends on. */
  topics(config: C): readonly string[];
}

/** Rules of a kind, for code that does not care which. */
export type AnyKindRules = KindRules<CommonDraft, CommonConfig>;

/** The rules of a kind. */
export const kindRulesOf = (kind: ConnectorKind): AnyKindRules =>
  (kind === 'source' ? sourceRules : sinkRules) as unknown as AnyKindRules;
