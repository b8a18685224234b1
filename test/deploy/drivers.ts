import { loadDriver } from '../../src/connectors/aerospike/driver.ts';
import { loadNative } from '../../src/pulsar/native/load-native.ts';

const from = async (load: () => unknown): Promise<string> => {
  try {
    return ((await load()) as { readonly from: string }).from;
  } catch (error) {
    return (error as Error).message;
  }
};

/** A function that loads the drivers which are in no bundle, and says what it found. */
export const handler = async (): Promise<object> => ({
  aerospike: await from(() => loadDriver()),
  native: await from(() => loadNative()),
});
