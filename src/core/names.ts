/** Producer name of a source partition: never the epoch in it (rule 12). */
export const producerName = (uid: string, sourcePartition: string, generation: number): string =>
  `pio/${uid}/${sourcePartition}#${generation}`;

/** Subscription that keeps the tail of an output topic for recovery (rule 7a). Its prefix names the connector, for cleanup. */
export const guardSubscription = (uid: string, sourcePartition: string): string =>
  `${guardPrefix(uid)}${encodeURIComponent(sourcePartition)}`;

/** What all guard subscriptions of a connector begin with. */
export const guardPrefix = (uid: string): string => `pulsar-io-guard.${uid}.`;
