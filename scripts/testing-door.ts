export type { CertificateRow } from '../test/faults/certificate-row.ts';
export { type FaultReport, FaultSuiteError, type FaultSuiteOptions, faultSuite } from '../test/faults/door/suite.ts';
export type {
  EventWorld,
  ProcessUnderTest,
  PublishedMessage,
  SinkWorld,
  SourceWorld,
  TypeUnderTest,
  WorldContext,
} from '../test/faults/door/world.ts';
export type { Schedule } from '../test/faults/schedule.ts';
