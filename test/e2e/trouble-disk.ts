import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder } from './trouble-world.ts';

const BLOCK = Buffer.alloc(4_096, 1);

/** A small file system of its own (tmpfs), which can be filled. */
export class SmallDisk implements Disposable {
  readonly folder = newFolder();

  /** Throws where one may not mount. */
  constructor(kilobytes: number) {
    const { status, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', this.folder]);
    if (status !== 0) throw error ?? new Error('mount failed');
  }

  /** Whether this process may mount: as root, in most containers. */
  static isPossible(): boolean {
    try {
      new SmallDisk(64)[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  }

  /** Leaves no room at all. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (;;) writeSync(file, BLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Takes back what {@link fill} did. */
  makeRoom(): void {
    rmSync(this.#ballast);
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['-l', this.folder]);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}
