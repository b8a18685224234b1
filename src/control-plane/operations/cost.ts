import type { Connector } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { typeOf } from '../config/package-choice.ts';
import { refuseConfig } from '../config/refuse.ts';
import { estimateCost } from '../cost/estimate.ts';
import { json } from '../http/answers.ts';
import { readCount } from '../http/query.ts';
import { findCandidate } from '../lifecycle/candidate.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import type { Call, Operation } from '../operation.ts';

const DEFAULTS = { recordsPerSecond: 1_000, recordBytes: 200, memoryMb: 512 } as const;
const MAX = { recordsPerSecond: 1_000_000, recordBytes: 5_242_880, memoryMb: 10_240 } as const;

/** GET `/{tenant}/{namespace}/{name}/cost`: an estimate of what the connector costs at AWS. An addition to Pulsar's API. */
export const cost: Operation = async (call) => json(estimate(call, (await findConnector(call)).connector));

/** POST `/{tenant}/{namespace}/{name}/cost`: the same of what create or update would make of the form. */
export const costOfForm: Operation = async (call) => {
  const candidate = await findCandidate(call);
  if (candidate instanceof PulsarIoError) throw candidate;
  return json(estimate(call, candidate));
};

const estimate = (call: Call, connector: Connector) => {
  const { deps, words, request } = call;
  const type = typeOf(deps.catalogue, words, connector.type);
  if (!type) return refuseConfig(`There is no type ${connector.type} in this deployment`);
  const read = (name: keyof typeof DEFAULTS) => readCount(request, name, MAX[name], DEFAULTS[name]);
  const load = {
    recordsPerSecond: read('recordsPerSecond'),
    recordBytes: read('recordBytes'),
    memoryMb: read('memoryMb'),
  };
  return estimateCost(connector, type, load);
};
