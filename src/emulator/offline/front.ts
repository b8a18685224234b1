import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';

/** Answers a request in full. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Handlers by the beginning of the path they serve. */
export type Mounts = Readonly<Record<string, Handler>>;

/** The one address of everything: `mounts` may be given later, until then it answers 503. */
export class Front {
  #mounts: Mounts | undefined;

  /** A server that answers by the mounts; several may share them. */
  makeServer(): Server {
    return createServer((request, response) => this.#serve(request, response));
  }

  /** From now on requests are served. */
  open(mounts: Mounts): void {
    this.#mounts = mounts;
  }

  #serve: RequestListener = (request, response) => {
    if (!this.#mounts) return refuse(response, 503, 'The functions are being started; ask again in a few seconds');
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const found = Object.entries(this.#mounts).find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
    if (found) return found[1](request, response);
    refuse(response, 404, `There is nothing at this path. Served are ${Object.keys(this.#mounts).join(', ')}`);
  };
}

/** Each function call at once is a sandbox, with some 60 MB; more wait. */
const MAX_AT_ONCE = 16;
/** Longer than any function behind it may take. */
const ANSWER_MS = 60_000;
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'proxy-connection',
];

/** Passes requests on to `target`, an HTTP address, body and answer as streams. What cannot be reached is answered 502. `what` names it in words. */
export const proxyTo = (target: string, what: string): Handler => {
  const base = new URL(target);
  const request = base.protocol === 'https:' ? httpsRequest : httpRequest;
  const agent = base.protocol === 'https:' ? undefined : new Agent({ keepAlive: true, maxSockets: MAX_AT_ONCE });
  return (incoming, answer) => {
    const { method, url: path, rawHeaders } = incoming;
    const outgoing = request(base, { method, path, agent, timeout: ANSWER_MS, headers: passedOn(rawHeaders) });
    outgoing.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, passedOn(response.rawHeaders));
      pipeline(response, answer, () => {});
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    outgoing.on('error', (error) => refuse(answer, 502, `${what} did not answer: ${error.message}`));
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
};

/** Raw headers without those that belong to one connection. A body whose length is not known keeps its framing, which Node chooses anew. */
const passedOn = (rawHeaders: readonly string[]): string[] => {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string];
    if (!HOP_BY_HOP.includes(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
};

const refuse = (response: ServerResponse, statusCode: number, reason: string): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(statusCode, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ reason }));
};
