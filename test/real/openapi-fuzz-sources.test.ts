import { describeReal } from '../services/index.ts';
import { fuzzOpenApi } from './openapi-fuzz.ts';

describeReal('the admin API of sources under requests generated from its own document', ['schemathesis'], () => {
  fuzzOpenApi('sources', 20261121);
});
