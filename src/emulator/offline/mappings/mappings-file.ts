import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Mapping } from './mapping.ts';

/** What is kept of a mapping. */
export interface Stored {
  mapping: Mapping;
  readonly createdMs: number;
  readonly positions: Record<string, string>;
}

/** The mappings as a file, replaced as a whole. */
export class MappingsFile {
  readonly #path: string | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** What was kept; nothing when there is no such file. */
  read(): Stored[] {
    if (this.#path === undefined) return [];
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Stored[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** A disk that is full costs positions, nothing else. */
  write(stored: readonly Stored[]): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#path === undefined) return;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(stored));
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      console.error('Event source mappings could not be kept:', error);
    }
  }

  /** Writes after that time, once for all that asked meanwhile. */
  writeSoon(stored: () => readonly Stored[], ms: number): void {
    this.#soon ??= setTimeout(() => this.write(stored()), ms).unref();
  }
}
