import { PulsarIoError } from './errors.ts';

/** A failure with what led to it. */
export interface LastFailure {
  /** Ours, or the name of a foreign error. */
  readonly code: string;
  readonly message: string;
  /** The error's cause, its cause, … as far as the message does not say so itself; at most three. */
  readonly causes: readonly string[];
  readonly timestampMs: number;
}

const MAX_CAUSES = 3;
const MAX_CHARACTERS = 500;

/** What a status keeps of an error. */
export const lastFailureOf = (error: Error, timestampMs: number): LastFailure => ({
  code: error instanceof PulsarIoError ? error.code : error.name,
  message: cut(error.message),
  causes: causesOf(error),
  timestampMs,
});

const causesOf = ({ message, cause }: Error): string[] => {
  const causes: string[] = [];
  for (let each = cause; each !== undefined && causes.length < MAX_CAUSES; each = (each as Error)?.cause) {
    const text = each instanceof Error ? each.message : String(each);
    if (text !== '' && !message.includes(text))
      causes.push(cut(each instanceof Error ? `${each.name}: ${text}` : text));
  }
  return causes;
};

const cut = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text);
