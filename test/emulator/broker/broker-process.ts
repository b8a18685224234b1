import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const MAIN = new URL('../../../src/emulator/broker/main.ts', import.meta.url).pathname;

/** Starts the broker as a process of its own, on a free port. */
export async function startBrokerProcess(dataDir: string): Promise<{ process: ChildProcess; port: number }> {
  const started = spawn(process.execPath, [MAIN, '--data', dataDir, '--port', '0', '--http-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(started.stdout, 'data')) as [Buffer];
  return { process: started, port: (JSON.parse(line.toString()) as { port: number }).port };
}
