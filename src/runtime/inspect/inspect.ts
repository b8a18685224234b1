import type { ConnectorType } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { bad } from '../../core/findings.ts';
import { type Finding, INSPECTION_MS, type InspectionAnswer, type InspectionRequest } from '../../core/inspection.ts';
import { SecretValues } from '../../core/secret-values.ts';
import { openContext } from '../open-context.ts';
import { resolveTypeConfig } from '../resolve-type-config.ts';
import { RunControl } from '../run-control.ts';
import type { RunDeps } from '../run-deps.ts';
import { checkPulsar } from './check-pulsar.ts';
import { checkSystem } from './check-system.ts';
import { InspectionEnd, step } from './findings.ts';
import type { Inspection } from './inspection.ts';
import { previewSink } from './preview-sink.ts';
import { previewSource } from './preview-source.ts';

/** Inspects a connector as a run would work for it, and answers in time. Creates, writes, subscribes and leaves nothing. Never rejects; what a secret says is masked. */
export const inspect = async (request: InspectionRequest, deps: RunDeps): Promise<InspectionAnswer> => {
  const secrets = new SecretValues();
  const control = new RunControl();
  const leftMs = Math.min(INSPECTION_MS, request.notAfterMs - deps.clock.nowMs());
  const timer = setTimeout(
    () => control.abort('deadline', new PulsarIoError('PIO_ABORTED', 'no answer in time')),
    leftMs,
  );
  try {
    return secrets.redact(await answerOf(request, deps, control, secrets));
  } finally {
    clearTimeout(timer);
    control.abort('deadline', new PulsarIoError('PIO_ABORTED', 'the inspection is over'));
  }
};

const answerOf = async (
  { inspect: asked, connector, records }: InspectionRequest,
  deps: RunDeps,
  control: RunControl,
  secrets: SecretValues,
): Promise<InspectionAnswer> => {
  const { signal } = control;
  const context = openContext({ deps, connector, instance: 0, control, secrets });
  const found = async (): Promise<Inspection> => {
    const type = typeOf(
      connector.kind === 'sink' ? deps.catalogue.sink(connector.type) : deps.catalogue.source(connector.type),
      connector.type,
    );
    const config = await step('configuration', signal, 'reading secrets', () =>
      resolveTypeConfig(type, connector, deps, secrets, signal),
    );
    return { deps, connector, type, config, context, signal };
  };
  if (asked === 'preview') return previewOf(found, records);
  const pulsar = checkPulsar({ deps, connector, signal });
  const system = ended(async () => checkSystem(await found()));
  return { findings: [...(await ended(() => pulsar)), ...(await system)] };
};

const previewOf = async (found: () => Promise<Inspection>, records: number): Promise<InspectionAnswer> => {
  try {
    const inspection = await found();
    return await (inspection.connector.kind === 'sink'
      ? previewSink(inspection, records)
      : previewSource(inspection, records));
  } catch (error) {
    return { findings: [findingOf(error)], records: [] };
  }
};

const typeOf = (type: ConnectorType | undefined, name: string): ConnectorType => {
  if (type) return type;
  throw new PulsarIoError('PIO_CONFIG_INVALID', `there is no type ${name} in this deployment`);
};

const ended = async (work: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> => {
  try {
    return await work();
  } catch (error) {
    return [findingOf(error)];
  }
};

const findingOf = (error: unknown): Finding => (error instanceof InspectionEnd ? error.finding : bad('system', error));
