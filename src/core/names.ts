/** Producer name of a source partition: never the epoch in it (rule 12). */
export const producerName = (uid: string, sourcePartition: string, generation: number): string =>
  `pio/${uid}/${sourcePartition}#${generation}`;

/** Subscription that keeps the tail of an output topic for recovery (rule 7a). Its prefix names the connector, for cleanup. */
export const guardSubscription = (uid: string, sourcePartition: string): string =>
  `${guardPrefix(uid)}${encodeURIComponent(sourcePartition)}`;

/** What all guard subscriptions of a connector begin with. */
export const guardPrefix = (uid: string): string => `pulsar-io-guard.${uid}.`;

/** Producer of a source partition's dead letters: one for each generation, as sequences have their meaning within one. */
export const sourceLettersName = (uid: string, sourcePartition: string, generation: number): string =>
  `${producerName(uid, sourcePartition, generation)}/dlq`;

/**
 * Producer of the dead letters of one topic-partition of a sink, over all generations: versions rise along the log whatever the configuration. Only where an operator set the position they may
 * not, which begins another `series`.
 */
export const sinkLettersName = (uid: string, topic: string, series = 0): string =>
  `pio/${uid}/dlq/${topic}${series === 0 ? '' : `#${series}`}`;

/** Producer of the letters of a topic-partition that were sent back and failed again. */
export const redriveLettersName = (uid: string, topic: string): string => `pio/${uid}/redrive/${topic}`;

/** What the frontier in a dead-letter topic is stored under, of the letters of one topic-partition: ids of several topics have no order among them. */
export const redriveStream = (letterTopic: string, topic: string): string => `#redrive:${letterTopic}:${topic}`;

/** Subscription that keeps a connector's dead letters until they are sent back or dropped; made before the first of them (GUARANTEES rule 39). */
export const deadLetterSubscription = (uid: string): string => `pulsar-io-dead-letters.${uid}`;
