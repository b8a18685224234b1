import { PulsarIoError } from '../../core/errors.ts';

/** Refuses a configuration with `PIO_CONFIG_INVALID`: Pulsar's own text where it has one. */
export const refuseConfig = (message: string): never => {
  throw new PulsarIoError('PIO_CONFIG_INVALID', message);
};
