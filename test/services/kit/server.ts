import { makeHome } from './home.ts';
import { Instance } from './instance.ts';
import { freePorts } from './ports.ts';
import type { Command } from './process.ts';
import type { Running, Service } from './service.ts';
import { requireTools, type Tool } from './tools.ts';

/** Where one instance lives; the same again after a restart. */
export interface Place<Port extends string> {
  /** The instance's own folder, for configuration and data. */
  readonly home: string;
  /** One free port on 127.0.0.1 for each declared name. */
  readonly ports: Readonly<Record<Port, number>>;
}

/** All that is particular to one kind of server. */
export interface ServerDeclaration<Options, Prepared, Port extends string, Address> {
  readonly name: string;
  /** Commands that must be on PATH to start it; `prepare` checks for what downloading needs. */
  readonly tools: readonly Tool[];
  readonly ports: readonly Port[];
  /** Deadline from the start of the process to `isReady`. */
  readonly startTimeoutMs: number;
  /** Gets what is needed once per machine, e.g. jars. Throws `ServiceUnavailableError`. */
  prepare(options: Options): Promise<Prepared>;
  /** Writes configuration and makes empty data, once per instance. Returns what to execute, now and at each restart. */
  configure(place: Place<Port>, prepared: Prepared, options: Options): Promise<Command>;
  address(place: Place<Port>): Address;
  /** Asks the server in its own protocol; false or a throw is "not yet". Called again and again until true. */
  isReady(address: Address, options: Options): Promise<boolean>;
  /** A log line that tells of a start spoilt by a race inside the server; that life is killed and begun anew. */
  readonly spoiltStart?: RegExp;
}

/** A server that answers. */
export interface RunningServer<Address> extends Running<Address>, AsyncDisposable {
  /** The file with the server's output, of all its lives. */
  readonly logFile: string;
  /** Milliseconds from the start of the process to the first positive readiness check, of the last start. */
  readonly startedInMs: number;
  /** The process group of the present life. */
  readonly pid: number;
  /** SIGKILL: what a crash leaves. Ports and data stay for `restart`. */
  kill(): Promise<void>;
  /** SIGTERM and waits for an orderly end (SIGKILL after 30 s). Ports and data stay for `restart`. */
  terminate(): Promise<void>;
  /** Starts again on the same ports and data, after an orderly end if the server still runs. Resolves when it is ready. */
  restart(): Promise<void>;
  /** For good: kills the server and deletes its folder; may be called twice. */
  stop(): Promise<void>;
}

/** Makes a startable service of a declaration. */
export const defineServer = <Options extends object, Prepared, Port extends string, Address>(
  declaration: ServerDeclaration<Options, Prepared, Port, Address>,
): Service<Options, Address, RunningServer<Address>> => {
  const { name, tools, startTimeoutMs, spoiltStart } = declaration;
  const prepare = async (options: Options): Promise<Prepared> => {
    const prepared = await declaration.prepare(options);
    requireTools(name, tools);
    return prepared;
  };
  return {
    name,
    prepare: async (options = {} as Options) => void (await prepare(options)),
    start: async (options = {} as Options) => {
      const prepared = await prepare(options);
      const place = { home: await makeHome(name), ports: await freePorts(declaration.ports) };
      const command = await declaration.configure(place, prepared, options);
      const address = declaration.address(place);
      const isReady = (): Promise<boolean> => declaration.isReady(address, options);
      const plan = { name, home: place.home, command, isReady, startTimeoutMs, spoiltStart };
      const server = new Instance(plan, address);
      await server.start();
      return server;
    },
  };
};
