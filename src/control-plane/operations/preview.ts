import { json } from '../http/answers.ts';
import { readCount } from '../http/query.ts';
import { inspectCandidate } from '../lifecycle/inspect-candidate.ts';
import type { Operation } from '../operation.ts';

const MAX_RECORDS = 100;
const DEFAULT_RECORDS = 5;

/**
 * POST `/{tenant}/{namespace}/{name}/preview`: the next `?records=` that the form (or the connector of that name) would move, and what it would write. Writes
 * and moves nothing. An addition to Pulsar's API.
 */
export const preview: Operation = async (call) => {
  const records = readCount(call.request, 'records', MAX_RECORDS, DEFAULT_RECORDS);
  const answer = await inspectCandidate(call, 'preview', records);
  return json({ findings: answer.findings, records: answer.records ?? [] });
};
