import { callAdmin } from './admin-client.ts';
import type { Command } from './context.ts';

const POLL_MS = 500;
const DEFAULT_WAIT_S = 60;

interface InstanceStatuses {
  readonly numInstances: number;
  readonly numRunning: number;
  readonly instances: readonly { readonly instanceId: number; readonly status: { readonly error: string } }[];
}

/** Waits until every instance runs without an error, telling on stderr what it waits for. Throws when `--wait-seconds` (60) are over. */
export const waitUntilRunning = async (command: Command, path: readonly string[]): Promise<void> => {
  const seconds = Number(command.given['wait-seconds'] ?? DEFAULT_WAIT_S);
  let said = '';
  for (let looks = 0; looks * POLL_MS <= seconds * 1000; looks++) {
    const now = (await callAdmin(command.target, { method: 'GET', path: [...path, 'status'] })) as InstanceStatuses;
    const failure = now.instances.find(({ status }) => status.error !== '');
    if (!failure && now.numRunning === now.numInstances) return;
    const why = failure ? `; instance ${failure.instanceId}: ${failure.status.error}` : '';
    const text = `${now.numRunning} of ${now.numInstances} instances on duty${why}`;
    if (text !== said) command.note(text);
    said = text;
    await command.sleep(POLL_MS);
  }
  throw new Error(
    `not running after ${seconds} s: ${said}. It is tried again by itself; see: pulsar-io ${command.kind}s status`,
  );
};
