import { defineLogSource, GUARANTEES, PulsarIoError, type SourceRecord, Type } from 'pulsar-io-serverless/connector';

const config = Type.Object({
  url: Type.String({
    description: 'Answers `GET ?after=N` with the lines that follow line N, as a JSON array of at most 20.',
  }),
});
const position = Type.Object({ line: Type.Integer({ minimum: 0 }) });

const POLL_MS = 500;
const TIMEOUT_MS = 5_000;

/** Publishes the lines of a journal that only grows. A line's number is its sequence. */
export const journalSource = defineLogSource<typeof config>({
  name: 'journal',
  summary: 'Publishes the lines of a journal.',
  className: 'JournalSource',
  guarantees: GUARANTEES,
  config,
  position,
  pollIntervalMs: () => POLL_MS,
  open: async ({ url }, { fetch }) => {
    const linesAfter = async (line: number, signal: AbortSignal): Promise<string[]> => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        return (await (await fetch(`${url}?after=${line}`, { signal: deadline })).json()) as string[];
      } catch (cause) {
        throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `reading ${url} behind line ${line}`, { cause });
      }
    };
    return {
      partitions: async () => ['journal'],
      async *read(_, from, signal) {
        for (let line = Number(from?.line ?? 0); ; ) {
          const lines = await linesAfter(line, signal);
          if (lines.length === 0) return;
          const start = line;
          yield lines.map((value, index): SourceRecord => {
            const sequence = start + index + 1;
            return { value, sequence, position: { line: sequence } };
          });
          line += lines.length;
        }
      },
      close: async () => undefined,
    };
  },
});
