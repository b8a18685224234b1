import { isDeepStrictEqual } from 'node:util';
import type { Exchange } from '../control-plane/replay.ts';
import type { AdminApiAnswer, PulsarAdminApi } from '../services/index.ts';

type Request = Exchange['request'];

/** A call of Pulsar's Java admin API. */
export interface JavaCall {
  readonly api: 'sources' | 'sinks';
  readonly method: string;
  readonly args: readonly unknown[];
}

const PATH = /^\/admin\/v3\/(source|sink)s?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?(?:\/(.+))?$/;

/** The call of the Java API that makes such a request; undefined: none does. */
export const javaCallOf = (request: Request): JavaCall | undefined => {
  const [, kind = '', tenant = '', namespace, name, rest] = PATH.exec(request.path) ?? [];
  const word = kind === 'source' ? 'Source' : 'Sink';
  const found = !namespace
    ? globalCall(word, request, tenant)
    : !name
      ? request.method === 'GET' && { method: `list${word}s`, args: [tenant, namespace] }
      : !rest
        ? connectorCall(word, request, [tenant, namespace, name])
        : instanceCall(word, request, [tenant, namespace, name], rest);
  return found && !/^builtin/.test(tenant) ? { api: `${kind as 'source' | 'sink'}s`, ...found } : undefined;
};

type Found = Omit<JavaCall, 'api'> | false;
type Name = readonly [tenant: string, namespace: string, name: string];

const globalCall = (word: string, { method, contentType = '' }: Request, path: string): Found =>
  method === 'POST' &&
  path === `reloadBuiltIn${word}s` &&
  contentType.startsWith('application/json') && { method: path, args: [] };

const connectorCall = (word: string, request: Request, name: Name): Found => {
  if (request.method === 'GET') return { method: `get${word}`, args: name };
  if (request.method === 'DELETE') return { method: `delete${word}`, args: name };
  return formCall(word, request, name);
};

const formCall = (word: string, { method, parts = [] }: Request, [tenant, namespace, name]: Name): Found => {
  const verb = { POST: 'create', PUT: 'update' }[method];
  const [config, options] = parts;
  const isConfig = config?.name === `${word.toLowerCase()}Config` && config.contentType?.startsWith('application/json');
  if (!verb || !isConfig || parts.length > 2 || (options && options.name !== 'updateOptions')) return false;
  const given = parts.map(({ body }) => objectOf(body));
  if (given.includes(undefined)) return false;
  return { method: `${verb}${word}`, args: [{ ...given[0], tenant, namespace, name }, null, ...given.slice(1)] };
};

const instanceCall = (word: string, { method, body }: Request, name: Name, rest: string): Found => {
  const [first = '', verb = first] = rest.split('/');
  const instance = rest.includes('/') ? [Number(first)] : [];
  if (body || instance.some((id) => !Number.isInteger(id))) return false;
  if (method === 'GET') return verb === 'status' && { method: `get${word}Status`, args: [...name, ...instance] };
  return /^(start|stop|restart)$/.test(verb) && { method: `${verb}${word}`, args: [...name, ...instance] };
};

/** The JSON object in a text; undefined when there is none. */
export const objectOf = (text: string): object | undefined => {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Whether Java's models can hold the configuration of a call: they drop unknown keys and words. */
export const canSay = async (java: PulsarAdminApi, { api, method, args: [config] }: JavaCall): Promise<boolean> => {
  if (!/^(create|update)/.test(method)) return true;
  const answer: AdminApiAnswer = await java.call(api, 'echo', [config]);
  return answer.error === undefined && isDeepStrictEqual(bare(answer.result), bare(config));
};

/** Without nulls, which Java leaves out, and what its `SinkConfig` sets by itself. */
const bare = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, each) =>
    each === null || key === 'sourceSubscriptionPosition' || key === 'cleanupSubscription' ? undefined : each,
  );
