import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Handler, proxyTo } from './front.ts';
import { EventSourceMappings } from './mappings/event-source-mappings.ts';
import { MAPPINGS_PATH, serveMappings } from './mappings/serve-mappings.ts';

/** Lambda's API as the functions see it: `Invoke` is serverless-offline's, event source mappings are ours. */
export interface LambdaApi extends Disposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly handler: Handler;
  /** The functions can be called: mappings go on. */
  start(): void;
}

/** Longer than any function that a mapping calls may take. */
const ANSWER_MS = 60_000;

/** `invokeUrl`: where serverless-offline takes invocations; `mappingsFile` keeps the mappings; `timeouts`: of functions by name, in seconds. */
export const startLambdaApi = async (
  invokeUrl: string,
  mappingsFile: string,
  timeouts: ReadonlyMap<string, number>,
): Promise<LambdaApi> => {
  const mappings = new EventSourceMappings({
    file: mappingsFile,
    env: process.env,
    timeoutSecondsOf: (name) => timeouts.get(name),
    invoke: (name, event) => invokeAndWait(invokeUrl, name, event),
  });
  const [serve, pass] = [serveMappings(mappings), proxyTo(invokeUrl, 'The functions')];
  const handler: Handler = (request, response) =>
    (request.url?.startsWith(MAPPINGS_PATH) ? serve : pass)(request, response);
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handler,
    start: () => mappings.start(),
    [Symbol.dispose]: () => {
      mappings.stop();
      server.close();
      server.closeAllConnections();
    },
  };
};

const invokeAndWait = async (invokeUrl: string, name: string, event: object): Promise<unknown> => {
  const response = await fetch(`${invokeUrl}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    headers: { 'x-amz-invocation-type': 'RequestResponse' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`invoking ${name} was answered ${response.status}: ${answer}`);
  if (response.headers.has('x-amz-function-error')) throw new Error(`${name} failed: ${messageOf(answer)}`);
  return answer === '' ? undefined : JSON.parse(answer);
};

const messageOf = (answer: string): string => {
  const { errorMessage = 'it said nothing' } = JSON.parse(answer || '{}') as { errorMessage?: string };
  return errorMessage;
};
