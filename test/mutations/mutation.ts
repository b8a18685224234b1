/** One change of one source file: `find` occurs exactly once. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A deliberate defect (by its number in the list of 35), and the test that must fail on it. */
export interface Mutation {
  readonly number: number;
  /** Tells several mutations of one defect apart. */
  readonly part?: string;
  readonly defect: string;
  readonly edits: readonly Edit[];
  /** Test file, and what the names of the tests in it have that must find it. */
  readonly tests: string;
  readonly named: string;
}

/** A defect that has no code to put it into, and why. */
export interface Absent {
  readonly number: number;
  readonly defect: string;
  readonly because: string;
}

/** Name of a mutation on the command line and in reports. */
export const mutationName = ({ number, part }: Mutation): string => `${number}${part ?? ''}`;
