import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FunctionConfiguration, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { FunctionSettings } from '../lambda/sandbox.ts';
import type { MotoAddress } from '../services/index.ts';
import { run } from '../services/kit/run.ts';

/** Configuration of a deployed function, or undefined when there is none of that name. */
export const configurationOf = async (moto: MotoAddress, name: string): Promise<FunctionConfiguration | undefined> => {
  try {
    return await new LambdaClient(moto).send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
};

/** Moto gives private objects to whoever names a credential, and checks no signature. */
const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=any/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any',
};

/** The package that was uploaded last for a function, unpacked. */
const download = async ({ endpoint }: MotoAddress, bucket: string, file: string): Promise<string> => {
  const listed = await (await fetch(`${endpoint}/${bucket}?list-type=2`, { headers: SIGNED })).text();
  const keys = [...listed.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
  const key = keys
    .filter((it) => it.endsWith(`/${file}`))
    .sort()
    .at(-1);
  const bytes = await (await fetch(`${endpoint}/${bucket}/${key}`, { headers: SIGNED })).arrayBuffer();
  const folder = mkdtempSync(join(tmpdir(), 'pio-deployed-'));
  writeFileSync(join(folder, 'package.zip'), Buffer.from(bytes));
  const { code, stderr } = await run('python3', ['-m', 'zipfile', '-e', 'package.zip', 'task'], {
    timeoutMs: 20_000,
    cwd: folder,
  });
  if (code !== 0) throw new Error(`${key} could not be unpacked: ${stderr}`);
  return join(folder, 'task');
};

/** A deployed function as Lambda would run it: the uploaded package with the deployed configuration, and AWS at moto. */
export const deployedFunction = async (
  moto: MotoAddress,
  bucket: string,
  name: string,
  file: string,
): Promise<FunctionSettings> => {
  const { Handler = '', MemorySize = 0, Timeout = 0, Environment } = (await configurationOf(moto, name)) ?? {};
  return {
    name,
    taskRoot: await download(moto, bucket, file),
    handler: Handler,
    memoryMb: MemorySize,
    timeoutMs: Timeout * 1000,
    environment: { ...Environment?.Variables, AWS_ENDPOINT_URL: moto.endpoint, AWS_REGION: moto.region },
  };
};
