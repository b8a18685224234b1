/** Where the admin API is, and who asks. */
export interface AdminTarget {
  readonly adminUrl: string;
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
}

/** A request to the admin API. */
export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Segments after `/admin/v3`, not encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  /** JSON parts of a form. */
  readonly form?: Readonly<Record<string, unknown>>;
  readonly json?: unknown;
}

/** The admin API refused; the message is its reason. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** Nobody answered at the admin URL. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const TIMEOUT_MS = 60_000;

/** Sends a request; resolves with its JSON answer, undefined when there is none. Throws `RefusedError`, `UnreachableError`. */
export const callAdmin = async (target: AdminTarget, call: AdminCall): Promise<unknown> => {
  const response = await send(target, call);
  const text = await response.text();
  const value = parse(text);
  if (response.ok) return value;
  const reason = typeof value === 'object' && value !== null ? Reflect.get(value, 'reason') : undefined;
  throw new RefusedError(response.status, typeof reason === 'string' ? reason : `HTTP ${response.status}`);
};

const send = async ({ adminUrl, token, signal, fetch }: AdminTarget, call: AdminCall): Promise<Response> => {
  const { method, path, query, form, json } = call;
  const url = new URL(`/admin/v3/${path.map(encodeURIComponent).join('/')}`, adminUrl);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const headers = {
    accept: 'application/json',
    ...(token && { authorization: `Bearer ${token}`, 'x-pulsar-auth-method-name': 'token' }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
  };
  const body = form ? formOf(form) : json === undefined ? undefined : JSON.stringify(json);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await fetch(url, { method, headers, signal: limit, ...(body !== undefined && { body }) });
  } catch (cause) {
    if (signal.aborted) throw cause;
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new UnreachableError(`Error connecting to ${url.origin}: ${why}`, { cause });
  }
};

const formOf = (parts: Readonly<Record<string, unknown>>): FormData => {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    form.append(name, new Blob([JSON.stringify(value)], { type: 'application/json' }));
  }
  return form;
};

const parse = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};
