import { INSPECTION_MS, type InspectionAnswer, type InspectionRequest } from '../../core/inspection.ts';
import type { Call } from '../operation.ts';
import { findCandidate } from './candidate.ts';

/** Has a runner inspect what the request is about. What create would refuse is the one finding, and nobody is connected to. */
export const inspectCandidate = async (
  call: Call,
  inspect: InspectionRequest['inspect'],
  records: number,
): Promise<InspectionAnswer> => {
  const connector = await findCandidate(call);
  if (typeof connector === 'string') return { findings: [{ side: 'configuration', ok: false, what: connector }] };
  const notAfterMs = call.deps.clock.nowMs() + INSPECTION_MS;
  const { findings, records: shown } = await call.deps.inspect(
    { inspect, connector, records, notAfterMs },
    call.signal,
  );
  const valid = { side: 'configuration', ok: true, what: 'the configuration is valid' } as const;
  return { findings: [valid, ...findings], ...(shown && { records: shown }) };
};
