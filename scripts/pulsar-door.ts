import * as Pulsar from '../src/pulsar/index.ts';

/** What `dist/pulsar.mjs` and `dist/pulsar.cjs` are made of: everything by name, and all of it as the default export. */
export * from '../src/pulsar/index.ts';
export default Pulsar;
