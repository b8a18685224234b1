/** Steps of the recordings that we answer otherwise, and why. `sources#62-64` names three. A row that no step needs fails the test. */
export interface Difference {
  readonly steps: string;
  /** Our status, step by step. */
  readonly ours: readonly number[];
  /** What our refusals say. */
  readonly reason?: RegExp;
  /** Fields of a 200 that differ; everything else must be equal. */
  readonly fields?: readonly string[];
  readonly why: string;
}

const MISSPELT = 'DESIGN 10 (4): a misspelt enum value is 400, not a silent default';
const MANUAL = 'DESIGN 10 (3): MANUAL is not offered: no connector here acknowledges by itself';
const V1_TOPIC =
  'names with a cluster (V1) are withdrawn in Pulsar 4.2 (contract 2.5), and our client does not read them';
const PACKAGE = 'packages of JVM code cannot run here; the reason names the builtin types';
const CHECKED_AT_CREATE = 'DESIGN 5: configs are checked at create, not when the instance starts and dies';
const NOT_HELD = 'DESIGN 10 (3): a guarantee that cannot be held is refused, with what would make it possible';
const MAY_CHANGE = 'DESIGN 10 (1): guarantee and ordering may be changed by update';
const RETRIES = 'DESIGN 10 (2): retries and dead letters are honoured on update';
const ACCIDENT = 'DESIGN 10 (5): what is a 500 by accident there is 400 or 404 here';
const POSITION = "pulsar-admin's default Latest in every update does not reset an Earliest sink (recordings' README)";
const NO_RUN = 'no run takes place in this test, so nothing fails; there the instance died';

/** The one table of accepted differences. */
export const DIFFERENCES: readonly Difference[] = [
  { steps: 'sources#7', ours: [404], reason: /builtin source does not exist/, why: ACCIDENT },
  { steps: 'sources#45', ours: [400], reason: /doesn't have instance with id abc/, why: ACCIDENT },
  { steps: 'sources#62-64', ours: [400, 404, 404], reason: /Topic name is invalid|doesn't exist/, why: V1_TOPIC },
  { steps: 'sources#71', ours: [400], reason: /builtin:\/\/TYPE/, why: PACKAGE },
  {
    steps: 'sources#73',
    ours: [400],
    reason: /Person not found in class loader/,
    why: 'there are no classes here to look at: one that is not the source is not there',
  },
  { steps: 'sources#74-76', ours: [400, 404, 404], reason: /must be one of|doesn't exist/, why: MISSPELT },
  { steps: 'sources#77-79', ours: [400, 404, 404], reason: /must be one of|doesn't exist/, why: MISSPELT },
  { steps: 'sources#80-82', ours: [400, 404, 404], reason: /MANUAL is not offered|doesn't exist/, why: MANUAL },
  { steps: 'sources#107', ours: [400], reason: /must not contain a slash/, why: ACCIDENT },
  { steps: 'sources#149', ours: [400], reason: /\/configs\/zzz is not known; known are sleep/, why: CHECKED_AT_CREATE },
  { steps: 'sources#151-152', ours: [404, 404], reason: /doesn't exist/, why: CHECKED_AT_CREATE },
  { steps: 'sources#154-155', ours: [404, 404], reason: /doesn't exist/, why: CHECKED_AT_CREATE },
  { steps: 'sources#158', ours: [200], fields: ['numRunning', 'instances'], why: `${NO_RUN}; ours can hold it` },
  { steps: 'sources#178-179', ours: [400, 404], reason: /builtin:\/\/TYPE|doesn't exist/, why: PACKAGE },
  { steps: 'sources#181-182', ours: [404, 400], reason: /builtin:\/\/TYPE|doesn't exist/, why: PACKAGE },
  { steps: 'sources#185-187', ours: [400, 404, 404], reason: /builtin:\/\/TYPE|doesn't exist/, why: PACKAGE },
  { steps: 'sources#188', ours: [204], why: MAY_CHANGE },
  { steps: 'sources#189', ours: [200], fields: ['processingGuarantees'], why: MAY_CHANGE },
  { steps: 'sources#192', ours: [204], why: MAY_CHANGE },
  { steps: 'sources#233', ours: [400], reason: /must be one of/, why: MISSPELT },
  { steps: 'sources#234', ours: [204], why: MAY_CHANGE },
  { steps: 'sources#238', ours: [204], why: `${MAY_CHANGE}; here it takes back #234` },
  {
    steps: 'sources#270',
    ours: [400],
    reason: /Operation not permitted/,
    why: 'a stopped instance that was restarted is RUNNING here, there its desired state stays STOPPED and stop is refused',
  },
  { steps: 'sources#287-289', ours: [400, 400, 400], reason: /builtin:\/\/TYPE/, why: PACKAGE },

  { steps: 'sinks#10', ours: [404], reason: /builtin sink does not exist/, why: ACCIDENT },
  { steps: 'sinks#41', ours: [400], reason: /doesn't have instance with id abc/, why: ACCIDENT },
  { steps: 'sinks#53-55', ours: [400, 404, 404], reason: /Input topic .* is invalid|doesn't exist/, why: V1_TOPIC },
  {
    steps: 'sinks#68-70',
    ours: [400, 404, 404],
    reason: /is not a regular expression|doesn't exist/,
    why: 'a pattern that cannot match anything is refused at create; there the instance dies',
  },
  { steps: 'sinks#90-91', ours: [400, 404], reason: /must be one of|doesn't exist/, why: MISSPELT },
  { steps: 'sinks#93-95', ours: [400, 404, 404], reason: /must be one of|doesn't exist/, why: MISSPELT },
  { steps: 'sinks#96-98', ours: [400, 404, 404], reason: /MANUAL is not offered|doesn't exist/, why: MANUAL },
  {
    steps: 'sinks#102-104',
    ours: [400, 404, 404],
    reason: /cannot hold EFFECTIVELY_ONCE|doesn't exist/,
    why: NOT_HELD,
  },
  {
    steps: 'sinks#105-107',
    ours: [400, 404, 404],
    reason: /cannot hold EFFECTIVELY_ONCE|doesn't exist/,
    why: NOT_HELD,
  },
  { steps: 'sinks#109-111', ours: [400, 404, 404], reason: /MANUAL is not offered|doesn't exist/, why: MANUAL },
  {
    steps: 'sinks#115-117',
    ours: [400, 404, 404],
    reason: /cannot hold EFFECTIVELY_ONCE|doesn't exist/,
    why: NOT_HELD,
  },
  { steps: 'sinks#124', ours: [400], reason: /must not contain a slash/, why: ACCIDENT },
  { steps: 'sinks#163-164', ours: [404, 404], reason: /doesn't exist/, why: V1_TOPIC },
  { steps: 'sinks#171-173', ours: [400, 404, 404], reason: /Latest, Earliest|doesn't exist/, why: MISSPELT },
  {
    steps: 'sinks#185-188',
    ours: [400, 404, 404, 404],
    reason: /\/configs\/zzz|doesn't exist/,
    why: CHECKED_AT_CREATE,
  },
  { steps: 'sinks#190', ours: [200], fields: ['configs'], why: 'an empty configs and none are the same here' },
  {
    steps: 'sinks#198-201',
    ours: [400, 404, 404, 404],
    reason: /\/configs\/roots is required|doesn't exist/,
    why: CHECKED_AT_CREATE,
  },
  { steps: 'sinks#204', ours: [200], fields: ['numRunning', 'instances'], why: NO_RUN },
  { steps: 'sinks#208', ours: [200], fields: ['numRunning', 'instances'], why: NO_RUN },
  { steps: 'sinks#209', ours: [200], why: "a crash-looping sink's status is a 500 there (recordings' README)" },
  { steps: 'sinks#228-229', ours: [400, 404], reason: /builtin:\/\/TYPE|doesn't exist/, why: PACKAGE },
  { steps: 'sinks#231', ours: [400], reason: /builtin:\/\/TYPE/, why: PACKAGE },
  { steps: 'sinks#234-236', ours: [400, 400, 400], reason: /builtin:\/\/TYPE/, why: PACKAGE },
  { steps: 'sinks#237', ours: [400], reason: /cannot hold EFFECTIVELY_ONCE/, why: `${MAY_CHANGE}, but: ${NOT_HELD}` },
  { steps: 'sinks#241', ours: [204], why: MAY_CHANGE },
  { steps: 'sinks#243', ours: [200], fields: ['processingGuarantees'], why: `${MAY_CHANGE} (#241)` },
  { steps: 'sinks#248', ours: [200], fields: ['processingGuarantees'], why: `${MAY_CHANGE} (#241)` },
  { steps: 'sinks#253-254', ours: [204, 204], why: MAY_CHANGE },
  {
    steps: 'sinks#257',
    ours: [200],
    fields: ['processingGuarantees', 'retainKeyOrdering', 'sourceSubscriptionPosition'],
    why: `${MAY_CHANGE} (#241, #254); ${POSITION} (#252)`,
  },
  { steps: 'sinks#264', ours: [204], why: RETRIES },
  {
    steps: 'sinks#266',
    ours: [200],
    fields: ['processingGuarantees', 'retainKeyOrdering', 'sourceSubscriptionPosition', 'maxMessageRetries'],
    why: `${MAY_CHANGE} (#241, #254); ${POSITION} (#252); ${RETRIES} (#264)`,
  },
  { steps: 'sinks#270', ours: [400], reason: /must be one of/, why: MISSPELT },
  {
    steps: 'sinks#271',
    ours: [400],
    reason: /cannot hold EFFECTIVELY_ONCE|Key ordering cannot be set/,
    why: `${MAY_CHANGE}, but: ${NOT_HELD}`,
  },
  {
    steps: 'sinks#276',
    ours: [200],
    fields: ['processingGuarantees', 'retainKeyOrdering', 'sourceSubscriptionPosition', 'maxMessageRetries'],
    why: `${MAY_CHANGE} (#241, #254); ${POSITION} (#252); ${RETRIES} (#264)`,
  },
  { steps: 'sinks#279', ours: [400], reason: /no change/, why: `${POSITION}: it is Earliest since #252` },
  { steps: 'sinks#280-281', ours: [204, 204], why: MAY_CHANGE },
  {
    steps: 'sinks#284',
    ours: [200],
    fields: ['processingGuarantees', 'retainKeyOrdering', 'sourceSubscriptionPosition', 'maxMessageRetries'],
    why: `${MAY_CHANGE} (#241, #281); ${POSITION} (#252); ${RETRIES} (#264)`,
  },
  { steps: 'sinks#286-287', ours: [204, 204], why: RETRIES },
  {
    steps: 'sinks#292',
    ours: [200],
    fields: [
      'processingGuarantees',
      'retainKeyOrdering',
      'sourceSubscriptionPosition',
      'maxMessageRetries',
      'deadLetterTopic',
    ],
    why: `${MAY_CHANGE} (#241, #281); ${POSITION} (#252); ${RETRIES} (#286, #287)`,
  },
  { steps: 'sinks#293', ours: [204], why: `${MAY_CHANGE}: what they got is not what we have (#292)` },
  { steps: 'sinks#305', ours: [200], fields: ['numRunning', 'instances'], why: NO_RUN },
  { steps: 'sinks#316', ours: [200], fields: ['numRunning', 'instances'], why: NO_RUN },
  { steps: 'sinks#338-339', ours: [204, 204], why: RETRIES },
  {
    steps: 'sinks#340',
    ours: [200],
    fields: ['sourceSubscriptionPosition', 'maxMessageRetries', 'deadLetterTopic'],
    why: `${POSITION} (#336); ${RETRIES} (#338, #339)`,
  },
];
