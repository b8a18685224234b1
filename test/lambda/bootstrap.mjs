/**
 * What Lambda's Node runtime does between the Runtime API and a handler: loads `_HANDLER` below `LAMBDA_TASK_ROOT`, asks for the next invocation, posts what came of it,
 * and again. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Plain JavaScript, so that its own start costs nothing.
 */
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    request.end(body);
  });

const described = (error) =>
  JSON.stringify({
    errorType: error?.name ?? 'Error',
    errorMessage: error?.message ?? String(error),
    trace: error?.stack?.split('\n') ?? [],
  });

/** Lambda's runtime ends the process for these, and the next invocation gets a new one. */
const fail = (path) => async (error) => {
  await call('POST', path, described(error));
  process.exit(129);
};

const load = async () => {
  const [file, name] = process.env._HANDLER.split('.');
  const module = await import(pathToFileURL(`${process.env.LAMBDA_TASK_ROOT}/${file}.mjs`).href);
  if (typeof module[name] !== 'function') throw new Error(`${process.env._HANDLER} is undefined or not exported`);
  return module[name];
};

const contextOf = (headers) => {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
};

const handler = await load().catch(fail('init/error'));
for (;;) {
  const { headers, body } = await call('GET', 'invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  const failed = fail(`invocation/${id}/error`);
  process.removeAllListeners('unhandledRejection').once('unhandledRejection', failed);
  process.removeAllListeners('uncaughtException').once('uncaughtException', failed);
  try {
    const result = await handler(JSON.parse(body.toString()), contextOf(headers));
    await call('POST', `invocation/${id}/response`, JSON.stringify(result ?? null));
  } catch (error) {
    await call('POST', `invocation/${id}/error`, described(error));
  }
}
