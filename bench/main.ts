import { parseArgs } from 'node:util';
import { endToEnd } from './end-to-end.ts';
import { table } from './report.ts';

const HELP = `Usage: npm run bench -- [--json] [--rounds N]

  --json      print one JSON object instead of a table
  --rounds N  interleaved rounds of each measurement, of which the median counts (default 3)`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
} else {
  const figures = await endToEnd(Number(values.rounds));
  console.log(values.json ? JSON.stringify({ figures }) : table(figures));
}
