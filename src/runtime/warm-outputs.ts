import type { SourceConnector } from '../core/connector.ts';
import { type EventOutput, openEventOutput } from './event-source-run.ts';
import type { RunDeps } from './run-deps.ts';

/** Open producers of the connectors whose events this sandbox has seen. */
export class WarmOutputs {
  readonly #deps: RunDeps;
  readonly #outputs = new Map<string, Promise<EventOutput>>();

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  /** The connector's, opened anew when its session ended or its configuration changed. */
  async of(connector: SourceConnector, signal: AbortSignal): Promise<EventOutput> {
    const { uid, generation } = connector;
    const known = this.#outputs.get(uid);
    const warm = await known?.catch(() => undefined);
    if (warm && !warm.isOver && warm.generation === generation) return warm;
    // Another event may have opened them anew meanwhile.
    if (this.#outputs.get(uid) !== known) return this.of(connector, signal);
    warm?.session.destroy();
    const opening = openEventOutput(connector, this.#deps, signal);
    this.#outputs.set(uid, opening);
    return opening;
  }
}
