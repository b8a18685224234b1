import { requireTools, type Tool } from './tools.ts';

/** What a start gives. */
export interface Running<Address> {
  readonly name: string;
  /** What a test needs to use it: plain data that survives JSON. */
  readonly address: Address;
  /** For good; may be called twice. */
  stop(): Promise<void>;
}

/** Something that tests need and this machine may not have. */
export interface Service<Options, Address, R extends Running<Address> = Running<Address>> {
  readonly name: string;
  /** Downloads what a start needs. Throws `ServiceUnavailableError`. */
  prepare(options?: Options): Promise<void>;
  /** A new instance; resolves when it can be used. Throws `ServiceUnavailableError` as well. */
  start(options?: Options): Promise<R>;
}

/** A command line program or library: needs downloading, nothing runs. */
export interface ToolDeclaration<Address> {
  readonly name: string;
  /** Commands that must be on PATH to use it; `prepare` checks for what downloading needs. */
  readonly tools: readonly Tool[];
  /** Gets what is needed, once per machine. Throws `ServiceUnavailableError`. */
  prepare(): Promise<Address>;
}

/** Makes a service of something that is only downloaded. */
export const defineTool = <Address>({ name, tools, prepare }: ToolDeclaration<Address>): Service<never, Address> => {
  const get = async (): Promise<Address> => {
    const address = await prepare();
    requireTools(name, tools);
    return address;
  };
  return {
    name,
    prepare: async () => void (await get()),
    start: async () => ({ name, address: await get(), stop: async () => {} }),
  };
};
