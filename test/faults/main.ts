import { parseArgs } from 'node:util';
import { type CertificateRow, readRealRows, rowOf, tableOf, writePage } from './certificate.ts';
import { type Examined, examine } from './examine.ts';
import { SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';

const HELP = `Examines guarantees under faults, in simulation, and prints the certificate's rows. Ends with 1 when a promise was broken; then it
prints the schedule, made small, and the command that replays it.

  npm run faults -- [options]

  --scenario NAME  one scenario, or all whose name begins so, e.g. log/EFFECTIVELY_ONCE (default: all)
  --seed N         of the schedules (default: by chance)
  --runs N, --seconds N   when to stop (default: 60 seconds for all)
  --long           schedules of up to 2000 records, until a million records and 2000 kills were seen
  --path P         replays one schedule; with --trace everything that happened in it
  --json           one object per scenario
  --write          the rows into docs/generated/certificate.md
  --real FILE      with the rows that suites on real servers appended to FILE
  --help           this text`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: '' },
    seed: { type: 'string' },
    path: { type: 'string' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    real: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const chosen = SCENARIOS.filter(({ name }) => name === values.scenario || name.startsWith(values.scenario));
const exact = chosen.filter(({ name }) => name === values.scenario);
const scenarios = exact.length > 0 ? exact : chosen;
if (scenarios.length === 0) {
  console.error(
    `there is no scenario ${values.scenario}; there are:\n${SCENARIOS.map(({ name }) => `  ${name}`).join('\n')}`,
  );
  process.exit(2);
}

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = values.seconds ?? (values.long || values.runs !== undefined ? undefined : '60');
const budgetMs = seconds === undefined ? undefined : (Number(seconds) * 1000) / scenarios.length;

const show = ({ scenario, schedules, records, kills, lost, duplicated, reordered, tookMs }: Examined): string =>
  `${scenario.name.padEnd(46)} ${String(schedules).padStart(6)} schedules ${String(records).padStart(8)} records ${String(kills).padStart(6)} kills  lost ${lost} twice ${duplicated} reordered ${reordered}  ${(tookMs / 1000).toFixed(1)} s`;

const LONG = { maxRecords: 2_000, enough: { records: 1_000_000, kills: 2_000 } };

const rows: CertificateRow[] = [];
let failed = false;
for (const scenario of scenarios) {
  const examined = await examine(scenario, {
    seed,
    runs: Number(values.runs ?? (values.long ? 3_000 : 1_000_000)),
    ...(budgetMs !== undefined && { budgetMs }),
    ...(values.long && LONG),
    ...(values.path !== undefined && { path: values.path }),
  });
  if (values.json) console.log(JSON.stringify(examined));
  else console.error(show(examined));
  const { counterexample } = examined;
  rows.push(rowOf(examined));
  if (!counterexample) continue;
  failed = true;
  console.error(counterexample.violations.join('\n').slice(0, 500));
  console.error(JSON.stringify(counterexample.schedule));
  console.error(
    `replay: npm run faults -- --scenario ${scenario.name} --seed ${seed}${values.long ? ' --long' : ''} --path ${counterexample.path} --trace`,
  );
  if (values.trace) {
    const { lines } = await simulate(counterexample.schedule, { keepsTrace: true });
    console.error(lines.join('\n'));
  }
}
if (values.real) rows.push(...(await readRealRows(values.real)));
if (!values.json) console.log(tableOf(rows));
if (values.write && !failed) await writePage(rows);
process.exit(failed ? 1 : 0);
