/** The processing guarantees, in Pulsar's own words (`FunctionConfig.ProcessingGuarantees`; MANUAL is not offered). */
export const GUARANTEES = ['ATLEAST_ONCE', 'ATMOST_ONCE', 'EFFECTIVELY_ONCE'] as const;

/** What a user chose for a connector. */
export type Guarantee = (typeof GUARANTEES)[number];

/** What a connector gets when nothing was chosen: Pulsar's default. */
export const DEFAULT_GUARANTEE: Guarantee = 'ATLEAST_ONCE';
