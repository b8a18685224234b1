import type { SampleConnector } from './connectors.ts';

const NAMESPACE = 'public/default';
const TIMEOUT_MS = 30_000;

/** What the status of a connector says of its first instance. */
export interface InstanceFacts {
  readonly error?: string;
  readonly latestSystemExceptions?: readonly { readonly exceptionString: string }[];
  readonly latestSourceExceptions?: readonly { readonly exceptionString: string }[];
  readonly latestSinkExceptions?: readonly { readonly exceptionString: string }[];
}

/** The admin API as any user sees it. Rejects with the answer's reason. */
export class AdminClient {
  readonly #url: string;
  readonly #signal: AbortSignal;

  /** `url`: `http://127.0.0.1:8080`. */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async exists({ kind, name }: SampleConnector): Promise<boolean> {
    const response = await this.#send(kind, name, { method: 'GET' });
    if (response.status === 404) return false;
    await expectOk(response, `looking for ${name}`);
    return true;
  }

  /** A form with the configuration in one part, as `pulsar-admin` sends it. */
  async create({ kind, name, config }: SampleConnector): Promise<void> {
    const [tenant, namespace] = NAMESPACE.split('/');
    const form = new FormData();
    const text = JSON.stringify({ tenant, namespace, name, ...config });
    form.set(kind === 'sources' ? 'sourceConfig' : 'sinkConfig', new Blob([text], { type: 'application/json' }));
    await expectOk(await this.#send(kind, name, { method: 'POST', body: form }), `creating ${name}`);
  }

  /** What went wrong last, "" when nothing did. */
  async complaint({ kind, name }: SampleConnector): Promise<string> {
    const response = await this.#send(kind, `${name}/status`, { method: 'GET' });
    await expectOk(response, `asking for the status of ${name}`);
    const { instances } = (await response.json()) as { instances: readonly { readonly status: InstanceFacts }[] };
    const status = instances[0]?.status ?? {};
    const exceptions = [
      ...(status.latestSystemExceptions ?? []),
      ...(status.latestSourceExceptions ?? []),
      ...(status.latestSinkExceptions ?? []),
    ];
    return status.error || (exceptions.at(-1)?.exceptionString ?? '');
  }

  #send(kind: string, path: string, init: RequestInit): Promise<Response> {
    const url = `${this.#url}/admin/v3/${kind}/${NAMESPACE}/${path}`;
    return fetch(url, { ...init, signal: AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  }
}

const expectOk = async (response: Response, doing: string): Promise<void> => {
  if (response.ok) return;
  const text = await response.text();
  throw new Error(`${doing} was answered ${response.status}: ${reasonIn(text)}`);
};

const reasonIn = (text: string): string => {
  try {
    return (JSON.parse(text) as { reason?: string }).reason ?? text;
  } catch {
    return text;
  }
};
