import process from 'node:process';
import { HELP, readOptions, type StartOptions } from './options.ts';
import { runSamples } from './samples/run-samples.ts';
import { type RunningOffline, startOffline } from './start.ts';
import { StartError } from './start-error.ts';
import { Terminal } from './terminal.ts';

/** `npm start` from the command line to its end; resolves with the exit code. A second SIGINT or SIGTERM ends the process at once. */
export const run = async (argv: readonly string[]): Promise<number> => {
  const terminal = new Terminal(process.stdout);
  const asked = new AbortController();
  try {
    const options = readOptions(argv, process.env);
    if (options === 'help') {
      terminal.line(HELP);
      return 0;
    }
    endOnSignals(asked);
    return await serve(options, terminal, asked.signal);
  } catch (error) {
    if (asked.signal.aborted) return 0;
    if (!(error instanceof StartError)) throw error;
    console.error(`npm start: ${error.message}`);
    return error.exitCode;
  }
};

/** A signal again so soon is the same one: npm passes on what the terminal gave us already. */
const SAME_SIGNAL_MS = 500;

/** The functions' process ends with ours. */
const endOnSignals = (asked: AbortController): void => {
  let askedMs = 0;
  const onSignal = () => {
    if (!asked.signal.aborted) askedMs = performance.now();
    else if (performance.now() - askedMs > SAME_SIGNAL_MS) process.exit(130);
    asked.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
};

const serve = async (options: StartOptions, terminal: Terminal, asked: AbortSignal): Promise<number> => {
  const offline = await startOffline(options, asked);
  greet(offline, terminal);
  const ended = new AbortController();
  const signal = AbortSignal.any([asked, ended.signal]);
  const samples = options.hasSamples ? showSamples(offline, terminal, signal) : undefined;
  const death = await Promise.race([offline.died, whenAborted(asked)]);
  ended.abort();
  terminal.line(death ? '' : 'Stopping');
  if (death) console.error(`npm start: ${death}`);
  await Promise.all([offline.stop(), samples]);
  return death ? 1 : 0;
};

const whenAborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const greet = ({ adminUrl, serviceUrl, data }: RunningOffline, terminal: Terminal): void => {
  const url = new URL(adminUrl);
  const option = url.port === PORT_OF_PULSAR_ADMIN ? '' : ` --admin-url ${adminUrl}`;
  terminal.line(`Ready: admin API ${adminUrl}, broker ${serviceUrl} (${process.uptime().toFixed(1)} s)`);
  terminal.line(`  data in ${data.path}, log of the functions in ${data.log}`);
  terminal.line(`  try: pulsar-admin${option} sources list --tenant public --namespace default`);
  terminal.line(`       curl ${adminUrl}/admin/v3/sinks/public/default`);
};

/** Where `pulsar-admin` looks when it is not told. */
const PORT_OF_PULSAR_ADMIN = '8080';

const showSamples = async (
  { adminUrl, data }: RunningOffline,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await runSamples({ adminUrl, folder: data.samples, terminal, signal });
  } catch (error) {
    if (!signal.aborted) terminal.line(`Samples: failed, ${(error as Error).message}. Everything else goes on.`);
  }
};
