import type { BrokerAddress } from './embedded-broker.ts';
import { growFile } from './growing-file.ts';
import {
  compare,
  Delivery,
  startTroubledCloud,
  Table,
  untilArrived,
  untilDrained,
  untilTold,
  upTo,
} from './trouble-world.ts';

/** Power over a broker's life: SIGKILL, and a start on the same ports and data. */
export interface BrokerLife {
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
}

/** A delivery under EFFECTIVELY_ONCE through a broker that is killed again and again in mid-stream; resolves with how what arrived differs from what was written. */
export const deliverThroughKills = async (
  broker: BrokerAddress,
  life: BrokerLife,
  perStep = 25,
): Promise<ReturnType<typeof compare>> => {
  using table = new Table();
  await using cloud = await startTroubledCloud(broker);
  const delivery = await Delivery.create(cloud, 'killed', table);
  const records = 160 * perStep;
  const growing = growFile(delivery.input, records, perStep, 35);
  for (const share of [0.07, 0.3, 0.5, 0.75]) {
    await untilArrived(table, records * share);
    await life.kill();
    for (const kind of ['source', 'sink'] as const)
      await untilTold(cloud, kind, delivery[kind], /PIO_PULSAR_UNAVAILABLE/);
    await life.restart();
  }
  await growing;
  await untilArrived(table, records);
  await untilDrained(broker, delivery.topic, delivery.sink);
  return compare(table.read(), upTo(records));
};
