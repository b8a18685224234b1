import { PulsarIoError } from '../../core/errors.ts';
import { bad } from '../../core/findings.ts';
import { INSPECTION_MS, type InspectionAnswer, type InspectionRequest } from '../../core/inspection.ts';
import type { Call } from '../operation.ts';
import { findCandidate, isPulsars } from './candidate.ts';

/** Has a runner inspect what the request is about. What create would refuse, or that Pulsar did not tell, is the one finding; then nobody is connected to. */
export const inspectCandidate = async (
  call: Call,
  inspect: InspectionRequest['inspect'],
  records: number,
): Promise<InspectionAnswer> => {
  const connector = await findCandidate(call);
  if (connector instanceof PulsarIoError) {
    const { message: what } = connector;
    return { findings: [isPulsars(connector) ? bad('pulsar', connector) : { side: 'configuration', ok: false, what }] };
  }
  const notAfterMs = call.deps.clock.nowMs() + INSPECTION_MS;
  const { findings, records: shown } = await call.deps.inspect(
    { inspect, connector, records, notAfterMs },
    call.signal,
  );
  const valid = { side: 'configuration', ok: true, what: 'the configuration is valid' } as const;
  return { findings: [valid, ...findings], ...(shown && { records: shown }) };
};
