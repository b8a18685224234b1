import { parseArgs } from 'node:util';
import { clientFigures } from './client/main.ts';
import { coldFigures } from './cold.ts';
import { connectorFigures } from './connectors/main.ts';
import { costFigures } from './cost.ts';
import { endToEnd } from './end-to-end.ts';
import { guaranteeFigures } from './guarantees.ts';
import { type Figure, table } from './report.ts';
import { scaleFigures } from './scale.ts';

const HELP = `Usage: npm run bench -- [client] [delivery] [guarantees] [connectors] [scale] [cold] [cost] [--json] [--rounds N] [--only SYSTEM]...

  client      our Pulsar client beside others on a real broker (needs Java and Maven; Go and Python for peers)
  delivery    file → topic → SQLite under each guarantee, on the embedded broker
  guarantees  what EFFECTIVELY_ONCE costs each route beside ATLEAST_ONCE: rate, and writes of the store per batch
  connectors  each sink and source beside the bulk way of its own client, on the same server (PostgreSQL, Redis, RabbitMQ, Java, Python)
  scale       admin calls and a tick of the dispatcher with 100,000 connectors, on a SQLite store
  cold        bundle size, cold initialisation and memory of each function, run as Lambda runs it
  cost        what a million records cost by each trigger, and idling, from billed time and list prices
              none named: all

  --json      print one JSON object instead of a table
  --rounds N  interleaved rounds of each measurement, of which the median counts (default 3)
  --only SYSTEM of "connectors" only this one, such as sqlite; may be repeated`;

const sections: Readonly<Record<string, (rounds: number, only: readonly string[]) => Promise<Figure[]>>> = {
  client: clientFigures,
  delivery: (rounds) => endToEnd(rounds),
  guarantees: guaranteeFigures,
  connectors: connectorFigures,
  scale: scaleFigures,
  cold: coldFigures,
  cost: costFigures,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((name) => !(name in sections));

if (values.help || unknown !== undefined) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const figures: Figure[] = [];
  for (const [name, section] of Object.entries(sections)) {
    if (positionals.length === 0 || positionals.includes(name))
      figures.push(...(await section(Number(values.rounds), values.only)));
  }
  console.log(values.json ? JSON.stringify({ figures }) : table(figures));
}
