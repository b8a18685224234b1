import { done } from '../http/answers.ts';
import type { Operation } from '../operation.ts';

/** POST `/reloadBuiltInSources` and `/reloadBuiltInSinks`: nothing to scan, since connector types are part of the deployed function. */
export const reload: Operation = async () => done();
