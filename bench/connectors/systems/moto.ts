import { startMoto } from '../../../test/services/moto.ts';
import { type System, stop } from '../system.ts';
import { kinesisSink, kinesisSource } from './kinesis.ts';
import { s3Sink, s3Source } from './s3.ts';

/** Kinesis, as moto speaks it. */
export const kinesis = async (): Promise<System> => {
  const server = await startMoto();
  return { sink: kinesisSink(server.address), source: kinesisSource(server.address), ...stop(server) };
};

/** S3, as moto speaks it. */
export const s3 = async (): Promise<System> => {
  const server = await startMoto();
  return { sink: s3Sink(server.address), source: s3Source(server.address), ...stop(server) };
};
