/** One run of the model checker: a model, how it is bounded or broken, and what must come of it. */
export interface ModelCase {
  readonly model: 'lease' | 'sink' | 'source';
  /** Bounds and route: the same for the protocol as it is and for its mutants. */
  readonly defines: readonly string[];
  /** Switches that break the protocol; none: as it is. */
  readonly defects: readonly string[];
  /**
   * `holds`: every state was visited and nothing is violated. `fails`: a counterexample must be found. `reached`: the good end must be found
   * (a model in which nothing happens would hold, too).
   */
  readonly expected: 'holds' | 'fails' | 'reached';
  /** For a defect that does no harm alone: what catches it. */
  readonly because?: string;
}

const mutants = (
  model: ModelCase['model'],
  defines: readonly string[],
  defects: readonly (readonly string[])[],
): ModelCase[] => [
  { model, defines, defects: ['REACHABLE'], expected: 'reached' },
  ...defects.map((one): ModelCase => ({ model, defines, defects: one, expected: 'fails' })),
];

const holds = (
  model: ModelCase['model'],
  defines: readonly string[],
  defects: readonly string[] = [],
  because?: string,
): ModelCase => ({ model, defines, defects, expected: 'holds', ...(because !== undefined && { because }) });

const CAUGHT_BY_CONDITION = 'each commit is conditional on what the run read: the second line of defence';
const CAUGHT_BY_FENCE = 'the fence before the first read: the second line of defence';

/** Every check that `npm run model` makes. */
export const MODEL_CASES: readonly ModelCase[] = [
  holds('sink', ['TRANSACTIONAL']),
  ...mutants(
    'sink',
    ['TRANSACTIONAL'],
    [
      ['NO_FENCE', 'NO_CAS'],
      ['NO_TOKEN', 'NO_CAS'],
      ['FRONTIER_BEFORE_FENCE', 'NO_CAS'],
      ['ROWS_UNCHECKED'],
      ['SKIPS_FAILED'],
      ['ACK_BEFORE_COMMIT'],
      ['ASSUME_COMMITTED'],
      ['NO_BATCH_INDEX'],
    ],
  ),
  holds('sink', ['TRANSACTIONAL'], ['NO_FENCE'], CAUGHT_BY_CONDITION),
  holds('sink', ['TRANSACTIONAL'], ['NO_TOKEN'], CAUGHT_BY_CONDITION),
  holds('sink', ['TRANSACTIONAL'], ['NO_CAS'], CAUGHT_BY_FENCE),
  holds('sink', ['VERSIONED']),
  ...mutants(
    'sink',
    ['VERSIONED'],
    [
      ['NO_CONDITION'],
      ['FRONTIER_BEFORE_FENCE'],
      ['CONFLICT_IS_SUCCESS'],
      ['ASSUME_COMMITTED'],
      ['ACK_BEFORE_COMMIT'],
      ['NO_BATCH_INDEX'],
      ['VERSION_BY_WALL_CLOCK'],
      ['VERSION_BY_PUBLISH_TIME'],
      ['VERSION_NOT_STORED'],
    ],
  ),
  holds('sink', ['ATMOST']),
  ...mutants(
    'sink',
    ['ATMOST'],
    [
      ['NO_CONDITION'],
      ['FRONTIER_BEFORE_FENCE'],
      ['CONFLICT_IS_SUCCESS'],
      ['ASSUME_COMMITTED'],
      ['WRITE_BEFORE_CHECKPOINT'],
      ['TRUST_ACK'],
    ],
  ),
  holds('source', ['FAILURES=0', 'REJECTIONS=0']),
  holds('source', ['FORGETTINGS=0', 'GUARD_LOSSES=0']),
  holds('source', ['RECORDS=2']),
  ...mutants(
    'source',
    [],
    [
      ['PROGRESS_BEFORE_FENCE'],
      ['NO_SECOND_LOOK'],
      ['CLEAN_EARLY'],
      ['LOWEST_ONLY'],
      ['STRADDLE'],
      ['NO_PROBE'],
      ['NO_SCAN'],
      ['NO_START_MARK'],
      ['NO_GUARD', 'EMPTY_SCAN'],
      ['WINDOW_2'],
      ['SEND_TIMEOUT'],
      ['COMMIT_BEFORE_RECEIPT'],
    ],
  ),
  // Found deep in the search: with less that may happen it is found sooner.
  ...mutants(
    'source',
    ['RECORDS=2', 'FAILURES=0', 'REJECTIONS=0', 'GUARD_LOSSES=0'],
    [['NO_CONDITION'], ['CLEAN_BEYOND_POSITION']],
  ),
  holds(
    'source',
    ['RECORDS=2', 'FAILURES=0', 'REJECTIONS=0'],
    ['NO_GUARD'],
    'a scan that cannot prove its start stops the instance',
  ),
  holds('lease', []),
  ...mutants(
    'lease',
    [],
    [
      ['NO_CONDITION'],
      ['EPOCH_NOT_RAISED'],
      ['CONFLICT_IS_SUCCESS'],
      ['RELEASE_WHILE_WORKING'],
      ['RENEWAL_DROPS_WANT'],
    ],
  ),
  holds('lease', [], ['OWN_WRITE_UNKNOWN'], 'a lease of one’s own is acquired again: an epoch is wasted, nothing else'),
];
