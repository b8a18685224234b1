import { readFileSync } from 'node:fs';

/** What a peer prints as its last line of standard output. */
export interface Measured {
  /** Messages per second within the window. */
  readonly rate: number;
  /** Microseconds of CPU, of all threads, per message within the window. */
  readonly cpuUs: number;
  /** Peak resident memory of the process. */
  readonly peakMib: number;
}

/** Of this process alone; `resourceUsage().maxRSS` begins with that of the process that forked it. */
const peakMib = (): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

/** Counts messages; the window opens `warmUpMs` after the first of them and closes `measureMs` later, or at `close`. */
export class Window {
  private readonly warmUpMs: number;
  private readonly measureMs: number;
  private count = 0;
  private countAtOpen = 0;
  private openedAtMs = 0;
  private closedAtMs = 0;
  private cpu: NodeJS.CpuUsage = { user: 0, system: 0 };
  private firstAtMs = 0;

  constructor(warmUpMs: number, measureMs: number) {
    this.warmUpMs = warmUpMs;
    this.measureMs = measureMs;
  }

  get isClosed(): boolean {
    return this.closedAtMs > 0;
  }

  get total(): number {
    return this.count;
  }

  /** Notes messages; looks at the clock every 64. */
  add(messages = 1): void {
    if (this.isClosed) return;
    const before = this.count >> 6;
    this.count += messages;
    if (this.count >> 6 !== before || this.firstAtMs === 0) this.tick();
  }

  private tick(): void {
    const nowMs = performance.now();
    if (this.firstAtMs === 0) this.firstAtMs = nowMs;
    if (this.openedAtMs === 0 && nowMs - this.firstAtMs >= this.warmUpMs) {
      this.openedAtMs = nowMs;
      this.countAtOpen = this.count;
      this.cpu = process.cpuUsage();
    } else if (this.openedAtMs > 0 && nowMs - this.openedAtMs >= this.measureMs) this.close();
  }

  close(): void {
    if (this.isClosed) return;
    if (this.openedAtMs === 0)
      throw new Error(`${this.count} messages are too few for a warm-up of ${this.warmUpMs} ms`);
    this.closedAtMs = performance.now();
    this.cpu = process.cpuUsage(this.cpu);
    this.count -= this.countAtOpen;
  }

  result(): Measured {
    return {
      rate: (this.count / (this.closedAtMs - this.openedAtMs)) * 1000,
      cpuUs: (this.cpu.user + this.cpu.system) / this.count,
      peakMib: peakMib(),
    };
  }
}
