import { writtenSchemasContract } from '../contracts/written-schemas.ts';
import { describeReal, usePulsar } from '../services/index.ts';

describeReal('Schemas on a real server', ['pulsar'], () => {
  writtenSchemasContract('Pulsar', () => usePulsar().serviceUrl);
});
