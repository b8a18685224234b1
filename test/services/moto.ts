import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonWith } from './kit/python.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where emulated AWS services are. Any credentials do. */
export interface MotoAddress {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A Python with moto, and with the checkers of templates and policies. */
export const awsPython = (): Promise<string> =>
  pythonWith('aws', ['moto[server]==5.2.5', 'cfn-lint==1.58.0', 'parliament==1.6.4']);

/** Moto refuses a template for what cfn-lint only warns of, and takes seconds to find it; suites run cfn-lint themselves. */
const MAIN = `
import sys
from moto.cloudformation import models
from moto.core.config import default_user_config
models.validate_template_cfn_lint = lambda template: []
default_user_config['lambda']['use_docker'] = False
from moto.server import main
main(['-H', '127.0.0.1', '-p', sys.argv[1]])
`;

/** Moto: AWS services in memory, of which a kill loses everything. Its HTTP APIs and Lambda invocations do nothing. */
export const moto = defineServer({
  name: 'moto',
  tools: [],
  ports: ['http'],
  startTimeoutMs: 60_000,
  prepare: awsPython,
  configure: async ({ home, ports }: Place<'http'>, python) => {
    const main = join(home, 'main.py');
    await writeFile(main, MAIN);
    return { file: python, args: [main, String(ports.http)], cwd: home };
  },
  address: ({ ports }: Place<'http'>): MotoAddress => ({
    endpoint: `http://127.0.0.1:${ports.http}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  }),
  isReady: async ({ endpoint }) => {
    const answer = await fetch(`${endpoint}/moto-api/data.json`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok;
  },
});

/** Starts a server of your own, e.g. to kill it. */
export const startMoto = (): Promise<RunningServer<MotoAddress>> => moto.start();
