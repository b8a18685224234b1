/** For `node --import`: the package `pulsar-client` is the module that `PIO_NATIVE_STAND_IN` names; standard error says that it was loaded. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    const { PIO_NATIVE_STAND_IN: url } = process.env;
    if (specifier !== 'pulsar-client' || url === undefined) return next(specifier, context);
    process.stderr.write('npm pulsar-client: its stand-in is loaded\n');
    return { url, shortCircuit: true };
  },
});
