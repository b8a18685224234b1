import { PulsarIoError } from '../../core/errors.ts';

/** Options of {@link adminHttp}. */
export interface AdminHttpOptions {
  /** Address of the broker's or proxy's web service, `http://host:8080`. */
  readonly url: string;
  /** Bearer token; a supplier is asked for every request. */
  readonly token?: string | (() => Promise<string>);
  /** Of one request with its redirects, in milliseconds. */
  readonly timeoutMs?: number;
  /** The global fetch, or a test's. */
  readonly fetch?: typeof fetch;
}

/** A request to `/admin/v2`. */
export interface AdminHttpRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** After `/admin/v2/`. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  /** Statuses beyond 2xx that are answers, not failures. */
  readonly expected?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** An answer; `value` is its JSON, undefined when there is none. */
export interface AdminHttpAnswer {
  readonly status: number;
  readonly value: unknown;
  readonly bytes: Buffer;
  readonly headers: Headers;
}

/** Sends a request to Pulsar's admin API. Throws `PIO_PULSAR_UNAVAILABLE`, `PIO_PULSAR_REFUSED`, `PIO_ABORTED`. */
export type AdminHttp = (request: AdminHttpRequest) => Promise<AdminHttpAnswer>;

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;
/** Largest answer that is read: a namespace with a hundred thousand topics. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REASON_CHARACTERS = 300;

/** Sends admin requests over `fetch`. Redirects to the broker that owns a topic are followed with the token, as Pulsar's own client does. */
export const adminHttp = (options: AdminHttpOptions): AdminHttp => {
  const { url, token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const send = options.fetch ?? fetch;
  const base = new URL('/admin/v2/', url);
  return async ({ method = 'GET', path, body, expected = [], signal }) => {
    const doing = `${method} /admin/v2/${path}`;
    const timeout = AbortSignal.timeout(timeoutMs);
    const bearer = typeof token === 'function' ? await token() : token;
    const init: RequestInit = {
      method,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(bearer && { authorization: `Bearer ${bearer}` }),
      },
      ...(body !== undefined && { body }),
    };
    try {
      const response = await follow(send, new URL(path, base), init);
      return judge(response, await readBytes(response), expected, doing);
    } catch (cause) {
      throw failure(cause, doing, signal);
    }
  };
};

const follow = async (send: typeof fetch, url: URL, init: RequestInit): Promise<Response> => {
  let target = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(target, init);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    target = new URL(location, target);
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
};

const readBytes = async (response: Response): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const judge = (
  { status, headers }: Response,
  bytes: Buffer,
  expected: readonly number[],
  doing: string,
): AdminHttpAnswer => {
  const text = bytes.toString('utf8');
  if ((status >= 200 && status < 300) || expected.includes(status))
    return { status, value: parse(text), bytes, headers };
  const code = status >= 500 || status === 429 ? 'PIO_PULSAR_UNAVAILABLE' : 'PIO_PULSAR_REFUSED';
  throw new PulsarIoError(code, `${doing}: Pulsar answered ${status} ${reasonOf(text)}`.trimEnd());
};

const parse = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
};

/** Pulsar's `reason`, or the `message` of its web server, which checks tokens. */
const reasonOf = (text: string): string => {
  const { reason, message } = Object(parse(text)) as { reason?: unknown; message?: unknown };
  const found = String(reason ?? message ?? text);
  return found.startsWith('<') ? '' : found.slice(0, MAX_REASON_CHARACTERS);
};

const failure = (cause: unknown, doing: string, signal: AbortSignal | undefined): PulsarIoError => {
  if (cause instanceof PulsarIoError) return cause;
  if (signal?.aborted) return new PulsarIoError('PIO_ABORTED', `${doing} was aborted`, { cause });
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PulsarIoError('PIO_PULSAR_UNAVAILABLE', `${doing}: no answer from Pulsar: ${why}`, { cause });
};
