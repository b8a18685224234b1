import type { IncomingMessage as CoreIncomingMessage } from '../../core/messaging.ts';
import type { EncryptionContext } from './encryption-context.ts';

/** A message as the broker delivered it, with what the pipeline does not use but clients may. */
export interface IncomingMessage extends CoreIncomingMessage {
  /** The key is base64 text of binary bytes. */
  readonly isKeyBase64: boolean;
  /** What Key_Shared routes by instead of the key. */
  readonly orderingKey?: Buffer | undefined;
  /** Version of the topic's schema that the producer wrote with: 8 bytes, big-endian. */
  readonly schemaVersion?: Buffer | undefined;
  /** Cluster that the message came from by geo-replication. */
  readonly replicatedFrom?: string | undefined;
  /** Set for a message that was published encrypted. */
  readonly encryption?: EncryptionContext | undefined;
}
