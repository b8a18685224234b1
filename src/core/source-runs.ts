import { assignedInstance } from './assignment.ts';
import type { CommonConfig, Connector } from './connector.ts';
import type { Catalogue, EventTrigger, SourceType } from './connector-type.ts';
import { resolveConfig } from './type-config.ts';

/** The one source partition of an inbox: its sequences are given by one publisher. */
export const INBOX_PARTITION = 'inbox';

/** The instance that publishes what is in a connector's inbox. */
export const inboxPublisher = ({ config }: Pick<Connector, 'config'>): number =>
  assignedInstance(INBOX_PARTITION, config.parallelism);

/** True for connectors that runs work for. An event source has none: its events start it. */
export const hasRuns = ({ kind, type }: Connector, catalogue: Catalogue): boolean => {
  const source = catalogue.source(type)?.source;
  return kind === 'sink' || (source !== undefined && source !== 'event');
};

/** What Lambda is to call us for; undefined for a connector that no events are for, or whose configuration does not say of what. */
export const triggerOf = ({ kind, type, config }: Connector, catalogue: Catalogue): EventTrigger | undefined => {
  const source = kind === 'source' ? catalogue.source(type) : undefined;
  return source && triggerOfType(source, config.configs);
};

/** The same of a type and what it is configured with. */
export const triggerOfType = (source: SourceType, configs: CommonConfig['configs']): EventTrigger | undefined =>
  source.source === 'event' ? undefined : source.trigger?.(resolveConfig(source.config, configs).config as never);
