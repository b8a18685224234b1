import { describeReal } from '../services/index.ts';
import { fuzzOpenApi } from './openapi-fuzz.ts';

describeReal('the admin API of sinks under requests generated from its own document', ['schemathesis'], () => {
  fuzzOpenApi('sinks', 4711);
});
