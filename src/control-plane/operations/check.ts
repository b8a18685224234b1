import type { InspectionAnswer } from '../../core/inspection.ts';
import { json } from '../http/answers.ts';
import { inspectCandidate } from '../lifecycle/inspect-candidate.ts';
import type { Operation } from '../operation.ts';

/**
 * POST `/{tenant}/{namespace}/{name}/check`: whether what the form (or the connector of that name) says would work: valid, Pulsar and the system reached and
 * opened. Changes nothing. An addition to Pulsar's API.
 */
export const check: Operation = async (call) => {
  const { findings } = await inspectCandidate(call, 'check', 0);
  return json({ ok: findings.every(({ ok }) => ok), findings } satisfies InspectionAnswer & { ok: boolean });
};
