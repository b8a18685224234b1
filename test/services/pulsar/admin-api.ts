import { join } from 'node:path';
import { startJavaLines } from '../kit/java-lines.ts';
import type { JsonLines } from '../kit/json-lines.ts';
import { serverJars } from './jars.ts';

/** What a method gave, as JSON, or the exception it threw. */
export type AdminApiAnswer =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: string; readonly status: number; readonly reason: string | null };

/** The sources and sinks of an admin client of Pulsar's, in one process, called one after the other. */
export interface PulsarAdminApi extends AsyncDisposable {
  /** Calls `admin.sources()` or `admin.sinks()`; futures are awaited. Arguments are read as JSON. */
  call(api: 'sources' | 'sinks', method: string, args: readonly unknown[]): Promise<AdminApiAnswer>;
  /** Every method there is: of Java as `name/number of arguments`, of Go by name. */
  methods(api: 'sources' | 'sinks'): Promise<readonly string[]>;
}

/** Starts the JVM; every call is sent to `adminUrl`. */
export const startPulsarAdminApi = async (adminUrl: string, token?: string): Promise<PulsarAdminApi> => {
  const source = join(import.meta.dirname, 'AdminApi.java');
  const lines = await startJavaLines(source, 'AdminApi', await serverJars(), [adminUrl, ...(token ? [token] : [])]);
  return adminApiOf(lines);
};

/** What a program is asked that calls an admin client by the names of its methods. */
export const adminApiOf = (lines: JsonLines): PulsarAdminApi => {
  const ask = async (question: object): Promise<AdminApiAnswer> => (await lines.ask(question)) as AdminApiAnswer;
  return {
    call: (api, method, args) => ask({ api, method, arguments: args }),
    methods: async (api) => ((await ask({ api })) as { result: readonly string[] }).result,
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
  };
};
