import { ProducerAccessMode } from '../../pulsar/protocol/enums.ts';
import type { Peer } from './peer.ts';

/** One connected producer. */
export interface Producer {
  readonly peer: Peer;
  readonly producerId: number;
  readonly name: string;
  readonly epoch: number;
  readonly accessMode: ProducerAccessMode;
  readonly properties: Readonly<Record<string, string>>;
  readonly connectedAtMs: number;
  sentMessages: number;
  sentBytes: number;
}

/** True for the modes that tolerate no other producer. */
export function isExclusive({ accessMode }: Producer): boolean {
  return accessMode !== ProducerAccessMode.Shared;
}
