import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from './kit/java.ts';
import { resolveJars } from './kit/maven.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where the queues are. Any credentials do. */
export interface SqsAddress {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const region = 'elasticmq';

/** Messages of 1 MiB, as SQS takes them since 2025: the server's strict limits are those of before. */
const settings = ({ ports }: Place<'sqs'>): string => `
  include classpath("application.conf")
  node-address { protocol = http, host = "127.0.0.1", port = ${ports.sqs}, context-path = "" }
  rest-sqs { enabled = true, bind-hostname = "127.0.0.1", bind-port = ${ports.sqs}, sqs-limits = relaxed }
  rest-stats { enabled = false }
  aws { region = ${region}, accountId = 000000000000 }
`;

/** ElasticMQ: queues in memory, which a kill loses. */
export const elasticmq = defineServer({
  name: 'elasticmq',
  tools: ['java'],
  ports: ['sqs'],
  startTimeoutMs: 60_000,
  prepare: () => resolveJars({ name: 'elasticmq', artifacts: ['org.elasticmq:elasticmq-server_2.13:1.7.1'] }),
  configure: async (place: Place<'sqs'>, jars) => {
    const file = join(place.home, 'elasticmq.conf');
    await writeFile(file, settings(place));
    const mainClass = 'org.elasticmq.server.Main';
    return java({ jars, mainClass, heapMb: 256, flags: [`-Dconfig.file=${file}`], cwd: place.home });
  },
  address: ({ ports }: Place<'sqs'>): SqsAddress => ({
    endpoint: `http://127.0.0.1:${ports.sqs}`,
    region,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  }),
  isReady: async ({ endpoint }) => {
    const answer = await fetch(`${endpoint}/?Action=ListQueues`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok;
  },
});

/** Starts a server of your own, e.g. to kill it. */
export const startElasticmq = (): Promise<RunningServer<SqsAddress>> => elasticmq.start();
