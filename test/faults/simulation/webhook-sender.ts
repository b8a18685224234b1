import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createWebhook, type Webhook } from '../../../src/runtime/webhook.ts';
import type { Cloud } from './cloud.ts';
import type { Invocation } from './lambda.ts';
import { NAME } from './operator.ts';
import { unavailable } from './platform-failure.ts';
import type { Process } from './process.ts';

/** Records that come within so long are one request. */
const LINGER_MS = 150;
const AGAIN_AFTER_MS = 1_500;

/** What a sender does that was not answered: only who may repeat sends again. An answer that says so is always followed. */
export type WhenSilent = 'send-again' | 'give-up';

/** A request as its sender makes it. */
export interface SentRequest {
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a sender goes about it. */
export interface SenderOptions<T> {
  readonly whenSilent: WhenSilent;
  /** The request that carries these. */
  requestOf(parts: readonly T[]): SentRequest;
}

/** Whoever posts records to the webhook of the one source, several to a request, until they are accepted. */
export class WebhookSender<T> {
  readonly #cloud: Cloud;
  readonly #options: SenderOptions<T>;
  readonly #handlers = new WeakMap<Process, Webhook>();
  #parts: T[] = [];
  #unanswered = 0;

  constructor(cloud: Cloud, options: SenderOptions<T>) {
    this.#cloud = cloud;
    this.#options = options;
  }

  /** True when nothing is left to send. */
  get isIdle(): boolean {
    return this.#unanswered === 0 && this.#parts.length === 0;
  }

  /** Sends it, with what else comes within a moment. */
  add(part: T): void {
    this.#parts.push(part);
    if (this.#parts.length > 1) return;
    const { timeline, dice } = this.#cloud;
    timeline.after(dice.integer(LINGER_MS), () => {
      void this.#send(this.#options.requestOf(this.#parts));
      this.#parts = [];
    });
  }

  async #send(request: SentRequest): Promise<void> {
    this.#unanswered += 1;
    const { timeline, events } = this.#cloud;
    for (let isOver = false; !isOver; ) {
      const status = await events.invoke((one) => this.#answer(request, one)).catch(() => undefined);
      isOver = status === undefined ? this.#options.whenSilent === 'give-up' : status < 300;
      if (!isOver) await timeline.delay(AGAIN_AFTER_MS);
    }
    this.#unanswered -= 1;
  }

  /** The handler of the sandbox, and its answer on the way to the sender. */
  async #answer(request: SentRequest, { process, deps, signal }: Invocation): Promise<number> {
    const handler = this.#handlers.get(process) ?? createWebhook(deps);
    this.#handlers.set(process, handler);
    const { statusCode = 500 } = await handler(eventOf(request), signal);
    return process.request({ port: 'function.answer', effect: () => statusCode, failure: unavailable });
  }
}

const PATH = `/webhooks/public/default/${NAME}`;

const eventOf = ({ body, headers = {} }: SentRequest): APIGatewayProxyEventV2 =>
  ({
    rawPath: PATH,
    headers,
    requestContext: { http: { method: 'POST', path: PATH } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  }) as unknown as APIGatewayProxyEventV2;
