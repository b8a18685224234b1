import type { PulsarAddress } from '../services/index.ts';

/** Makes a namespace that deduplicates: real Pulsar does not unless told, as an operator would, per namespace. */
export const prepareNamespace = async ({ adminUrl }: PulsarAddress, namespace: string): Promise<void> => {
  const url = `${adminUrl}/admin/v2/namespaces/${namespace}`;
  const headers = { 'content-type': 'application/json' };
  await fetch(url, { method: 'PUT', headers });
  const answer = await fetch(`${url}/deduplication`, { method: 'POST', headers, body: 'true' });
  if (!answer.ok) throw new Error(`deduplication could not be enabled: ${answer.status} ${await answer.text()}`);
};
