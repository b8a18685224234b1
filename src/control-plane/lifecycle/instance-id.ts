import type { Connector } from '../../core/connector.ts';
import type { Call } from '../operation.ts';

/** The instance that the path names, undefined when the connector has none of that id or it is no number. */
export const instanceOf = ({ parameters: { instance = '' } }: Call, { config }: Connector): number | undefined => {
  const id = /^\d{1,9}$/.test(instance) ? Number(instance) : -1;
  return id >= 0 && id < config.parallelism ? id : undefined;
};
