import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Addresses of a broker. */
export interface BrokerAddress {
  readonly serviceUrl: string;
  readonly adminUrl: string;
}

const ROOT = join(import.meta.dirname, '../..');

/** Starts the embedded broker in a process of its own; `await using` ends it. */
export const startEmbeddedBroker = async (): Promise<BrokerAddress & AsyncDisposable> => {
  const data = mkdtempSync(join(tmpdir(), 'pio-broker-'));
  const main = join(ROOT, 'src/emulator/broker/main.ts');
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), [main, '--data', data, '--port', '0', '--http-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { serviceUrl, adminUrl } = JSON.parse(line) as BrokerAddress;
  return {
    serviceUrl,
    adminUrl,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};
