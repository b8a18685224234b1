import type { Logger } from './logger.ts';
import { MASK } from './mask.ts';

/** Shorter ones are not looked for: they would blot out ordinary words. */
const MIN_CHARACTERS = 4;

/** The secret texts that a run knows, so that none of them gets into a log line or a status, whatever a driver puts into its messages. */
export class SecretValues {
  readonly #values = new Set<string>();

  /** From now on every `text` in `value` (itself, or the leaves of an object) is masked; percent-encoded, too. */
  add(value: unknown): void {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach((each) => void this.add(each));
    if (typeof value !== 'string' || value.length < MIN_CHARACTERS) return;
    this.#values.add(value).add(encodeURIComponent(value));
  }

  /** A copy of `value` with every secret in its texts replaced by the mask. */
  redact<T>(value: T): T {
    if (this.#values.size === 0) return value;
    return this.#redact(value) as T;
  }

  #redact(value: unknown): unknown {
    if (typeof value === 'string') return this.#redactText(value);
    if (Array.isArray(value)) return value.map((each) => this.#redact(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#redact(each)]));
  }

  #redactText(text: string): string {
    let redacted = text;
    for (const secret of this.#values) redacted = redacted.replaceAll(secret, MASK);
    return redacted;
  }
}

/** `log` without the secrets that `secrets` knows at the time of each line. */
export const redactingLogger = (log: Logger, secrets: SecretValues): Logger => {
  const through =
    (level: keyof Logger): Logger['info'] =>
    (message, fields) =>
      log[level](secrets.redact(message), fields && secrets.redact(fields));
  return { debug: through('debug'), info: through('info'), warn: through('warn'), error: through('error') };
};
