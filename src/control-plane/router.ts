import { PulsarIoError } from '../core/errors.ts';
import { MethodNotAllowedError } from './http/answers.ts';
import { type KindWords, kindWordsOf } from './kind-words.ts';
import type { PathParameters } from './operation.ts';
import { checkPathName } from './path-names.ts';
import { type Route, routesOf } from './routes.ts';

/** Where a request goes: to a route's operation, or to an answer about what is possible. */
export interface Destination {
  readonly words: KindWords;
  readonly parameters: PathParameters;
  readonly route: Route;
}

/** Methods that are possible on a path, for OPTIONS. */
export interface Options {
  readonly allow: readonly string[];
}

/**
 * Finds the route of a method and path segments after `/admin/v3`. HEAD is served by GET.
 * Throws `PIO_NOT_FOUND`, `PIO_METHOD_NOT_ALLOWED`, and `PIO_REQUEST_INVALID` for names that cannot be.
 */
export const findRoute = (method: string, segments: readonly string[] | undefined): Destination | Options => {
  const [kind = '', ...rest] = segments ?? [];
  const words = kindWordsOf(kind);
  const owners = words ? ownersOf(routesOf(words), rest) : [];
  const first = owners[0];
  if (!words || !first) throw new PulsarIoError('PIO_NOT_FOUND', NO_SUCH_PATH);
  if (method === 'OPTIONS') return { allow: [...methodsOf(owners), ...(isRead(owners) ? ['HEAD'] : []), 'OPTIONS'] };
  const route = owners.find((owner) => owner.method === (method === 'HEAD' ? 'GET' : method));
  if (!route) throw new MethodNotAllowedError(method, [...methodsOf(owners), 'OPTIONS']);
  return { words, route, parameters: parametersOf(first.pattern, rest) };
};

const NO_SUCH_PATH =
  'There is nothing at this path. The API is /admin/v3/sources and /admin/v3/sinks, followed by /{tenant}/{namespace}/{name}';

const ownersOf = (routes: readonly Route[], segments: readonly string[]): Route[] => {
  const pattern = routes.find((route) => fits(route.pattern, segments))?.pattern;
  return routes.filter((route) => route.pattern === pattern);
};

const fits = (pattern: string, segments: readonly string[]): boolean => {
  const parts = pattern.split('/');
  return (
    parts.length === segments.length &&
    parts.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]))
  );
};

const methodsOf = (routes: readonly Route[]): string[] => routes.map(({ method }) => method);

const isRead = (routes: readonly Route[]): boolean => routes.some(({ method }) => method === 'GET');

const parametersOf = (pattern: string, segments: readonly string[]): PathParameters => {
  const named = pattern.split('/').flatMap((part, index) => {
    const value = segments[index] ?? '';
    return part.startsWith('{') ? [[part.slice(1, -1), value] as const] : [];
  });
  for (const [parameter, value] of named) checkPathName(parameter, value);
  return Object.fromEntries(named);
};
