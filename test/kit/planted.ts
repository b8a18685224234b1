/** Begins every secret of a fixture, and occurs nowhere else. */
export const MARKER = 'pl4nted-';

/** A secret for a fixture: wherever it turns up in an answer or in output, the test that is running fails (`secret-watch.ts`). */
export const planted = (name: string): string => `${MARKER}${name}`;

/** How the marker looks: as it is, and at the beginning of base64 text. */
const FORMS = [MARKER, Buffer.from(MARKER).toString('base64').slice(0, 10)];

/** Whether there is a planted secret in a text. */
export const hasPlanted = (text: string): boolean => FORMS.some((form) => text.includes(form));

const WATCH = Symbol.for('pulsar-io.secret-watch');

/** Who is told what tests see. */
export interface SecretWatch {
  look(text: string, where: string): void;
  /** Files that are looked at when all tests of a file have ended. */
  readonly files: Set<string>;
}

/** The watch of this test file; outside jest one that sees nothing. */
export const secretWatch = (): SecretWatch =>
  (globalThis as { [WATCH]?: SecretWatch })[WATCH] ?? { look: () => undefined, files: new Set() };

/** Sets the watch of this test file. */
export const setSecretWatch = (watch: SecretWatch): void => {
  (globalThis as { [WATCH]?: SecretWatch })[WATCH] = watch;
};
