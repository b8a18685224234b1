import { type FunctionSettings, type Outcome, Sandbox } from './sandbox.ts';

/** What happened to the environments of a function. */
export interface Counts {
  readonly invocations: number;
  readonly coldStarts: number;
  readonly timeouts: number;
  readonly crashes: number;
  /** Invocations that began while another version of the code was still at work. */
  readonly overlaps: number;
}

/** A deployed function: as many environments as invocations at once, each used again while it lives. */
export class LambdaFunction {
  #settings: FunctionSettings;
  readonly #idle: Sandbox[] = [];
  readonly #busy = new Set<Sandbox>();
  #billedMs = 0;
  #counts = { invocations: 0, coldStarts: 0, timeouts: 0, crashes: 0, overlaps: 0 };

  constructor(settings: FunctionSettings) {
    this.#settings = settings;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** What Lambda has billed for the invocations that ended, in milliseconds. */
  get billedMs(): number {
    return this.#billedMs;
  }

  /** Time that processors have spent for the environments that are there, in milliseconds. */
  get cpuMs(): number {
    return [...this.#idle, ...this.#busy].filter(({ isAlive }) => isAlive).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  }

  get running(): number {
    return this.#busy.size;
  }

  /** One invocation. `onStart`: with the environment, once it has begun. */
  async invoke(payload: Buffer, onStart: (sandbox: Sandbox) => void = () => {}): Promise<Outcome> {
    this.#counts.invocations += 1;
    const sandbox = this.#idle.pop() ?? (await this.#start());
    if ([...this.#busy].some(({ settings }) => settings !== sandbox.settings)) this.#counts.overlaps += 1;
    this.#busy.add(sandbox);
    const billedBeforeMs = sandbox.billedMs;
    const invoking = sandbox.invoke(payload);
    onStart(sandbox);
    const outcome = await invoking;
    this.#busy.delete(sandbox);
    this.#billedMs += sandbox.billedMs - billedBeforeMs;
    if (outcome.kind === 'timeout') this.#counts.timeouts += 1;
    if (outcome.kind === 'crash') this.#counts.crashes += 1;
    if (sandbox.isAlive && outcome.kind !== 'timeout') this.#keep(sandbox);
    return outcome;
  }

  /** A new version of the code: invocations that are under way come to their end with the old one, and the next ones get environments of the new. */
  redeploy(changes: Partial<FunctionSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
    for (const sandbox of this.#idle.splice(0)) this.#keep(sandbox);
  }

  /** For the next invocation, unless its code is an old one. */
  #keep(sandbox: Sandbox): void {
    if (sandbox.settings === this.#settings) this.#idle.push(sandbox);
    else void sandbox.shutDown();
  }

  /** Kills every environment that is at work; resolves with their number. */
  killBusy(): number {
    for (const sandbox of this.#busy) sandbox.kill();
    return this.#busy.size;
  }

  /** Ends all environments. */
  async stop(): Promise<void> {
    await Promise.all([...this.#idle, ...this.#busy].map((sandbox) => sandbox.stop()));
  }

  #start(): Promise<Sandbox> {
    this.#counts.coldStarts += 1;
    return Sandbox.start(this.#settings);
  }
}
