import { setTimeout as sleep } from 'node:timers/promises';
import type { Toxic, ToxicProxy } from '../services/index.ts';

/** What befalls connections, one after the other. Of a reset, `timeout` is how long after it was made, in milliseconds; `rate` is kB/s. */
const TOXICS: readonly Toxic[] = [
  { type: 'reset_peer', attributes: { timeout: 300 } },
  { type: 'latency', attributes: { latency: 80, jitter: 60 } },
  { type: 'timeout', attributes: { timeout: 700 } },
  { type: 'slicer', attributes: { average_size: 40, size_variation: 20, delay: 500 } },
  { type: 'limit_data', attributes: { bytes: 5_000 } },
  { type: 'bandwidth', attributes: { rate: 60 } },
];
const LASTS_MS = 1_200;
const CALM_MS = 700;
const GONE_MS = 250;

/** Makes all connections bad, `rounds` times through all toxics; after each, those of one proxy are broken: it is told right before. Leaves them good. */
export const badWeather = async (
  proxies: readonly ToxicProxy[],
  rounds: number,
  onCut: (proxy: ToxicProxy) => void,
): Promise<void> => {
  for (let turn = 0; turn < rounds * TOXICS.length; turn++) {
    const toxic = TOXICS[turn % TOXICS.length] as Toxic;
    for (const proxy of proxies) await proxy.poison(toxic);
    await sleep(LASTS_MS);
    for (const proxy of proxies) await proxy.heal(toxic);
    const cut = proxies[turn % proxies.length] as ToxicProxy;
    onCut(cut);
    await cut.enable(false);
    await sleep(GONE_MS);
    await cut.enable(true);
    await sleep(CALM_MS);
  }
};
