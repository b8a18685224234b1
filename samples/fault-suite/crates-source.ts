import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineBatchSource, GUARANTEES, type TaskRecord, Type } from 'pulsar-io-serverless/connector';

const config = Type.Object({
  folder: Type.String({
    description: 'Where crates are put: files with a record in each line, whole when they are there.',
  }),
});

const PAGE = 4;
const DAY_MS = 86_400_000;

/** Publishes the lines of files that do not change any more, file after file. */
export const cratesSource = defineBatchSource<typeof config>({
  name: 'crates',
  summary: 'Publishes the lines of files.',
  className: 'CratesSource',
  guarantees: GUARANTEES,
  config,
  rememberMs: DAY_MS,
  trigger: () => undefined,
  tasksOf: () => [],
  open: async ({ folder }) => ({
    async *discover() {
      const names = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
      yield names.sort().map((name) => ({ id: name, task: { name } }));
    },
    async *read({ name }, from) {
      const lines = readFileSync(join(folder, String(name)), 'utf8').split('\n');
      for (let next = Number(from?.next ?? 0); next < lines.length; next += PAGE)
        yield lines
          .slice(next, next + PAGE)
          .map((value, index): TaskRecord => ({ value, position: { next: next + index + 1 } }));
    },
    close: async () => undefined,
  }),
});

/** Puts crates into a folder: what comes within a moment is in one. */
export class Packer {
  readonly #folder: string;
  readonly #delay: (ms: number) => Promise<void>;
  #lines: string[] = [];
  #crates = 0;

  constructor(folder: string, delay: (ms: number) => Promise<void>) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#delay = delay;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length === 1) void this.#delay(400).then(() => this.#ship());
  }

  #ship(): void {
    const path = join(this.#folder, `crate-${String(this.#crates++).padStart(6, '0')}`);
    writeFileSync(`${path}.tmp`, this.#lines.join('\n'));
    renameSync(`${path}.tmp`, `${path}.ndjson`);
    this.#lines = [];
  }
}
