import { goProgram } from './kit/go.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where proxies are made. */
export interface ToxiproxyAddress {
  readonly controlUrl: string;
}

/** Toxiproxy: TCP proxies on loopback whose connections can be made bad. */
export const toxiproxy = defineServer({
  name: 'toxiproxy',
  tools: [],
  ports: ['control'],
  startTimeoutMs: 30_000,
  prepare: () => goProgram('toxiproxy', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0'),
  configure: async ({ ports, home }: Place<'control'>, program) => ({
    file: program,
    args: ['-host', '127.0.0.1', '-port', String(ports.control)],
    cwd: home,
  }),
  address: ({ ports }: Place<'control'>): ToxiproxyAddress => ({ controlUrl: `http://127.0.0.1:${ports.control}` }),
  isReady: async ({ controlUrl }) => (await fetch(`${controlUrl}/version`, { signal: AbortSignal.timeout(5_000) })).ok,
});

/** Starts a server of your own. */
export const startToxiproxy = (): Promise<RunningServer<ToxiproxyAddress>> => toxiproxy.start();

/** One way in which connections are bad; in both directions. See toxiproxy's README for the attributes. */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data';
  readonly attributes: Readonly<Record<string, number>>;
}

const ACCEPTED = /"message":"Accepted client"/;

/** A proxy in front of one server. */
export class ToxicProxy {
  readonly name: string;
  /** `127.0.0.1:N` */
  readonly listen: string;
  readonly #url: string;

  constructor(controlUrl: string, name: string, listen: string) {
    this.#url = `${controlUrl}/proxies/${name}`;
    this.name = name;
    this.listen = listen;
  }

  /** Connections that are open now, by the server's log. */
  openIn(log: string): number {
    const accepted = log.split('\n').filter((line) => line.includes(`"name":"${this.name}"`) && ACCEPTED.test(line));
    return accepted.length - (log.split(`upstream from Proxy ${this.name}"`).length - 1);
  }

  /** Makes every connection bad, those that are open too. */
  async poison({ type, attributes }: Toxic): Promise<void> {
    for (const stream of ['upstream', 'downstream'])
      await send('POST', `${this.#url}/toxics`, { type, attributes, stream, name: `${type}-${stream}` });
  }

  /** Ends that. */
  async heal({ type }: Toxic): Promise<void> {
    for (const stream of ['upstream', 'downstream']) await send('DELETE', `${this.#url}/toxics/${type}-${stream}`);
  }

  /** Refuses connections, and breaks those that are open; or takes them again. */
  async enable(enabled: boolean): Promise<void> {
    await send('POST', this.#url, { enabled });
  }
}

/** Puts a proxy in front of `upstream` (`host:port`), on a free port. */
export const proxyFor = async (
  { controlUrl }: ToxiproxyAddress,
  name: string,
  upstream: string,
): Promise<ToxicProxy> => {
  const { listen } = (await send('POST', `${controlUrl}/proxies`, { name, upstream, listen: '127.0.0.1:0' })) as {
    listen: string;
  };
  return new ToxicProxy(controlUrl, name, listen);
};

const send = async (method: string, url: string, body?: object): Promise<unknown> => {
  const answer = await fetch(url, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`toxiproxy: ${method} ${url} answered ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
};
