import { createRequire } from 'node:module';
import { PulsarIoError } from '../../core/errors.ts';
import type { NativePulsar } from './native-api.ts';

// Not a literal, so that bundlers leave the package alone: it is optional, and a native addon cannot be bundled.
const PACKAGE: string = 'pulsar-client';

/** By `require`, because that looks into the layers of a Lambda function, and `import` does not. */
const loadInstalled = async (name: string): Promise<{ readonly default: unknown }> => {
  const loaded = createRequire(import.meta.url)(name);
  return 'default' in loaded ? loaded : { default: loaded };
};

/** Loads the optional package. Throws `PIO_DRIVER_MISSING` when it is not installed, or its addon cannot be loaded. */
export const loadNative = async (load = loadInstalled): Promise<NativePulsar> => {
  try {
    return (await load(PACKAGE)).default as NativePulsar;
  } catch (cause) {
    throw new PulsarIoError(
      'PIO_DRIVER_MISSING',
      'PULSAR_CLIENT=native needs the package pulsar-client, which cannot be loaded: npm install pulsar-client@1.18.0 on the platform where it runs, on Lambda into a layer (its install downloads an addon from archive.apache.org), or unset PULSAR_CLIENT',
      { cause },
    );
  }
};
