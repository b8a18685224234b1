import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createWebhook, type Webhook } from '../../../src/runtime/webhook.ts';
import type { Invocation, Lambda } from './lambda.ts';
import { unavailable } from './platform-failure.ts';
import type { Process, Surroundings } from './process.ts';

/** Records that come within so long are one request. */
const LINGER_MS = 150;
const AGAIN_AFTER_MS = 1_500;

/** What a sender does that was not answered: only who may repeat sends again. An answer that says so is always followed. */
export type WhenSilent = 'send-again' | 'give-up';

/** Whoever posts records to the webhook of a source, several to a request, until they are accepted. */
export class WebhookSender {
  readonly #function: Lambda;
  readonly #surroundings: Surroundings;
  readonly #path: string;
  readonly #whenSilent: WhenSilent;
  readonly #handlers = new WeakMap<Process, Webhook>();
  #lines: string[] = [];
  #unanswered = 0;

  constructor(surroundings: Surroundings, lambda: Lambda, path: string, whenSilent: WhenSilent) {
    this.#surroundings = surroundings;
    this.#function = lambda;
    this.#path = path;
    this.#whenSilent = whenSilent;
  }

  /** True when nothing is left to send. */
  get isIdle(): boolean {
    return this.#unanswered === 0 && this.#lines.length === 0;
  }

  /** Sends a line of JSON, with what else comes within a moment. */
  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 1) return;
    const { timeline, dice } = this.#surroundings;
    timeline.after(dice.integer(LINGER_MS), () => {
      void this.#send(this.#lines.join('\n'));
      this.#lines = [];
    });
  }

  async #send(body: string): Promise<void> {
    this.#unanswered += 1;
    const { timeline } = this.#surroundings;
    for (let isOver = false; !isOver; ) {
      const status = await this.#function.invoke((one) => this.#answer(body, one)).catch(() => undefined);
      isOver = status === undefined ? this.#whenSilent === 'give-up' : status < 300;
      if (!isOver) await timeline.delay(AGAIN_AFTER_MS);
    }
    this.#unanswered -= 1;
  }

  /** The handler of the sandbox, and its answer on the way to the sender. */
  async #answer(body: string, { process, deps, signal }: Invocation): Promise<number> {
    const handler = this.#handlers.get(process) ?? createWebhook(deps);
    this.#handlers.set(process, handler);
    const { statusCode = 500 } = await handler(this.#event(body), signal);
    return process.request({ port: 'function.answer', effect: () => statusCode, failure: unavailable });
  }

  #event(body: string): APIGatewayProxyEventV2 {
    return {
      rawPath: this.#path,
      headers: { 'content-type': 'application/x-ndjson' },
      requestContext: { http: { method: 'POST', path: this.#path } },
      body,
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEventV2;
  }
}
