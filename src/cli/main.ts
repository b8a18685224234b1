import { setTimeout as sleepFor } from 'node:timers/promises';
import yargs, { type Argv } from 'yargs';
import type { ConnectorKind } from '../core/connector.ts';
import { RefusedError, UnreachableError } from './admin-client.ts';
import { available, create, get, list, reload, remove, setState, status, update } from './commands.ts';
import type { Command } from './context.ts';
import { dropDeadLetters, redrive, showDeadLetters } from './dead-letters.ts';
import { check, cost, preview } from './inspections.ts';
import { configOptions } from './options.ts';
import { resetPositions, setPositions, showPositions } from './positions.ts';
import type { Given } from './read-config.ts';
import { UsageError } from './usage-error.ts';

/** What the command line talks to; a test has its own. */
export interface CliWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly signal: AbortSignal;
  /** Columns of the terminal; absent: 80. */
  readonly columns?: number;
}

type Run = (command: Command) => Promise<void>;

/** `pulsar-io`: the commands, options and printed texts of `pulsar-admin sources` and `sinks`, without a JVM. Resolves with the exit code; never rejects. */
export const runCli = async (argv: readonly string[], world: CliWorld): Promise<number> => {
  let chosen: { kind: ConnectorKind; run: Run; given: Given } | undefined;
  const choose = (kind: ConnectorKind, run: Run) => (given: unknown) => {
    chosen = { kind, run, given: given as Given };
  };
  try {
    let printed = '';
    await build(world, choose).parseAsync(
      argv.map((each) => (each === '-st' ? '--schema-type' : each)),
      {},
      (error, _argv, output) => {
        if (error) throw error;
        printed = output;
      },
    );
    if (printed) world.out(printed);
    if (chosen) await chosen.run(commandOf(chosen, world));
    return 0;
  } catch (error) {
    return fail(error, chosen?.kind, world);
  }
};

const commandOf = ({ kind, given }: { kind: ConnectorKind; given: Given }, world: CliWorld): Command => ({
  kind,
  given,
  target: {
    adminUrl: String(given['admin-url']),
    token: tokenOf(given, world),
    signal: world.signal,
    fetch: world.fetch,
  },
  print: world.out,
  note: world.err,
  sleep: (ms) => sleepFor(ms, undefined, { signal: world.signal }),
});

const tokenOf = (given: Given, { env }: CliWorld): string | undefined => {
  const parameters = given['auth-params'];
  const token = parameters === undefined ? env.PULSAR_IO_TOKEN : String(parameters).replace(/^token:/, '');
  return token || undefined;
};

const fail = (error: unknown, kind: ConnectorKind | undefined, { err, signal }: CliWorld): number => {
  if (signal.aborted) return 130;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RefusedError) err(`${message}\n\nReason: ${message}`);
  else if (error instanceof UsageError) err(`${message}\nSee: pulsar-io ${kind ? `${kind}s ` : ''}--help`);
  else if (error instanceof UnreachableError)
    err(`${message}\nIs --admin-url right? With npm start it is http://127.0.0.1:8080`);
  else err(message);
  return 1;
};

type Choose = (kind: ConnectorKind, run: Run) => (given: unknown) => void;

const build = ({ env, columns = 80 }: CliWorld, choose: Choose): Argv =>
  yargs()
    .scriptName('pulsar-io')
    .usage(
      '$0 <sources|sinks> <command>\n\nSources and sinks of Pulsar IO Serverless, with the options of pulsar-admin.',
    )
    .parserConfiguration({
      'camel-case-expansion': false,
      'parse-numbers': false,
      'dot-notation': false,
      'duplicate-arguments-array': false,
    })
    .option('admin-url', {
      type: 'string',
      default: env.PULSAR_IO_ADMIN_URL || 'http://127.0.0.1:8080',
      describe: 'Address of the admin API (PULSAR_IO_ADMIN_URL)',
    })
    .option('auth-params', { type: 'string', describe: 'token:TOKEN (PULSAR_IO_TOKEN)' })
    .option('output', {
      alias: 'o',
      type: 'string',
      choices: ['text', 'json'],
      default: 'text',
      describe: 'How answers are printed',
    })
    .command(['sources', 'source'], 'Sources: systems to topics', (builder) => commands(builder, 'source', choose))
    .command(['sinks', 'sink'], 'Sinks: topics to systems', (builder) => commands(builder, 'sink', choose))
    .completion('completion', 'Prints a script for completion in bash or zsh: pulsar-io completion >> ~/.bashrc')
    .demandCommand(1, 'Name what to do: sources or sinks')
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message.replace(/^Unknown arguments?: (.*)$/, "Unknown option: '--$1'"));
    })
    .help()
    .alias('help', 'h')
    .version(false)
    .wrap(Math.min(columns, 120));

interface CommandRow {
  readonly name: string;
  readonly describe: string;
  readonly run: Run;
  readonly options?: (argv: Argv) => Argv;
}

const commandsOf = (kind: ConnectorKind): readonly CommandRow[] => [
  {
    name: 'create',
    describe: `Make a ${kind}`,
    run: create,
    options: (it) => withStopped(waits(withConfig(it, kind))),
  },
  {
    name: 'update',
    describe: `Change a ${kind}`,
    run: update,
    options: (it) => withAuthData(waits(withConfig(it, kind))),
  },
  { name: 'delete', describe: `Delete a ${kind}`, run: remove, options: withName },
  { name: 'get', describe: `Show the configuration of a ${kind}`, run: get, options: withName },
  { name: 'list', describe: `List the ${kind}s of a namespace`, run: list, options: withPlace },
  { name: 'status', describe: `Show what the instances of a ${kind} do`, run: status, options: withInstance },
  {
    name: 'start',
    describe: `Start a ${kind}`,
    run: setState('start', 'Started successfully'),
    options: (it) => waits(withInstance(it)),
  },
  {
    name: 'stop',
    describe: `Stop a ${kind}; it keeps its position`,
    run: setState('stop', 'Stopped successfully'),
    options: withInstance,
  },
  {
    name: 'restart',
    describe: `Restart a ${kind}`,
    run: setState('restart', 'Restarted successfully'),
    options: (it) => waits(withInstance(it)),
  },
  {
    name: 'check',
    describe: `Connect to both sides of a ${kind}, and say what is wrong before it is made`,
    run: check,
    options: (it) => withConfig(it, kind),
  },
  {
    name: 'preview',
    describe: `Show the next records of a ${kind} and what it would write; changes nothing`,
    run: preview,
    options: (it) =>
      withConfig(it, kind).option('records', { type: 'string', describe: 'How many, 1 to 100 (default 5)' }),
  },
  {
    name: 'cost',
    describe: `Estimate what a ${kind} costs at AWS`,
    run: cost,
    options: (it) =>
      withConfig(it, kind)
        .option('records-per-second', { type: 'string', describe: 'That one instance moves (default 1000)' })
        .option('record-bytes', { type: 'string', describe: 'Size of a record (default 200)' })
        .option('memory-mb', { type: 'string', describe: 'Memory of a function (default 512)' }),
  },
  { name: 'positions', describe: `Show how far a ${kind} got`, run: showPositions, options: withName },
  {
    name: 'set-positions',
    describe: `Tell a stopped ${kind} where to go on`,
    run: setPositions,
    options: (it) =>
      withName(it).option('positions', {
        type: 'string',
        demandOption: true,
        describe: 'Positions by partition or topic (JSON object)',
      }),
  },
  {
    name: 'reset-positions',
    describe: `Have a stopped ${kind} forget how far it got`,
    run: resetPositions,
    options: (it) => withName(it).option('partition', { type: 'string', describe: 'One partition; all without it' }),
  },
  ...letterCommands(kind),
  { name: `available-${kind}s`, describe: 'List the connector types', run: available },
  {
    name: 'reload',
    describe: 'Changes nothing here: the connector types are part of the deployed functions',
    run: reload,
  },
];

const letterCommands = (kind: ConnectorKind): readonly CommandRow[] => {
  const redriveRow: CommandRow = {
    name: 'redrive',
    describe: 'Have a sink write its dead letters again',
    run: redrive,
    options: (it) =>
      withLetters(it).option('allow-reordering', {
        type: 'boolean',
        describe: 'Also where a letter may undo a newer record of its key',
      }),
  };
  return [
    {
      name: 'dead-letters',
      describe: `Show the dead letters of a ${kind}`,
      run: showDeadLetters,
      options: withLetters,
    },
    ...(kind === 'sink' ? [redriveRow] : []),
    {
      name: 'drop-dead-letters',
      describe: `Drop dead letters of a ${kind} for good`,
      run: dropDeadLetters,
      options: (it) =>
        withLetters(it).option('confirm', {
          type: 'string',
          demandOption: true,
          describe: `The name of the ${kind}, once more`,
        }),
    },
  ];
};

const commands = (builder: Argv, kind: ConnectorKind, choose: Choose): Argv =>
  commandsOf(kind)
    .reduce(
      (argv, { name, describe, run, options = (it) => it }) => argv.command(name, describe, options, choose(kind, run)),
      builder,
    )
    .demandCommand(1, `Name what to do with ${kind}s, such as list`);

const withConfig = (argv: Argv, kind: ConnectorKind): Argv =>
  configOptions(kind).reduce(
    (it, { flag, aliases = [], form, describe }) =>
      it.option(flag, {
        alias: aliases.filter((alias) => alias !== 'o'),
        type: form === 'flag' ? 'boolean' : 'string',
        requiresArg: form !== 'flag',
        describe,
      }),
    argv,
  );

const withPlace = (argv: Argv): Argv =>
  argv
    .option('tenant', { type: 'string', describe: 'Tenant (default public)' })
    .option('namespace', { type: 'string', describe: 'Namespace (default default)' });

const withName = (argv: Argv): Argv => withPlace(argv).option('name', { type: 'string', describe: 'Name' });

const withLetters = (argv: Argv): Argv =>
  withName(argv).option('max', {
    type: 'string',
    requiresArg: true,
    describe: 'The first so many letters of each topic',
  });

const withInstance = (argv: Argv): Argv =>
  withName(argv).option('instance-id', { type: 'string', describe: 'One instance; all without it' });

const withStopped = (argv: Argv): Argv =>
  argv.option('stopped', { type: 'boolean', describe: 'Make it, but do not start it' });

const withAuthData = (argv: Argv): Argv =>
  argv.option('update-auth-data', {
    type: 'boolean',
    describe: 'Taken for compatibility; runs use the token of the deployment',
  });

const waits = (argv: Argv): Argv =>
  argv
    .option('wait', { type: 'boolean', describe: 'Wait until every instance is on duty' })
    .option('wait-seconds', { type: 'number', describe: 'Longest wait (default 60)' });
