import { createRequire, registerHooks } from 'node:module';
import process from 'node:process';

/**
 * Loaded into the process of serverless-offline (14.8) before anything else. It puts modules of ours in the place of some of its own, ends the process
 * with ours, and lets it survive a failed tick of the schedule, whose rejection serverless-offline leaves to the process.
 */
const REPLACED: Readonly<Record<string, string>> = {
  '/serverless-offline/src/lambda/handler-runner/worker-thread-runner/WorkerThreadRunner.js': './sandbox-thread.ts',
  '/serverless-offline/src/lambda/Lambda.js': './known-lambda.ts',
  '/serverless-offline/src/lambda/routes/invocations/InvocationsController.js': './invocations.ts',
  '/serverless-offline/src/events/http/lambda-events/LambdaProxyIntegrationEventV2.js': './http-api-event.ts',
};

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    const ours = Object.entries(REPLACED).find(([path]) => found.url.endsWith(path))?.[1];
    // One of ours may build on the module that it replaces.
    if (!ours || context.parentURL?.includes('?for=')) return found;
    const url = new URL(ours, import.meta.url);
    url.searchParams.set('for', found.url);
    return { url: url.href, format: 'module-typescript', shortCircuit: true };
  },
});

process.on('unhandledRejection', (reason) => console.error('An asynchronous invocation failed:', reason));
// Sent when the functions are built and served: esbuild's process would stay, with half a gigabyte.
process.on('message', () => createRequire(import.meta.url)('esbuild').stop());
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
