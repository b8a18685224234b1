import type { Catalogue, ConnectorType } from '../src/core/connector-type.ts';
import { GUARANTEES, type Guarantee } from '../src/core/guarantee.ts';

/** A row of the certificate: cells by the names of its columns. */
type Row = Readonly<Record<string, string>>;

/** Rows of the certificate's table. */
export const certificateRows = (page: string): Row[] => {
  const [head = [], , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
};

/** How a guarantee of one connector type was proven. */
interface Proof {
  readonly guarantee: Guarantee;
  /** Deliveries on real servers whose runs were killed; most kills first. */
  readonly deliveries: readonly Row[];
  /** The simulation of its route. */
  readonly simulation: Row | undefined;
}

/** Route of the simulation that runs the same code as a type does. */
const simulatedRoute = (type: ConnectorType): string => {
  if (type.kind === 'sink') return type.route ?? 'plain';
  return { log: 'log', queue: 'queue', batch: 'log', event: 'webhook' }[type.source];
};

const isDeliveryOf = (type: ConnectorType, { route = '' }: Row): boolean => {
  const stations = route.split(' → ');
  return stations.length > 1 && stations.at(type.kind === 'source' ? 0 : -1) === type.name;
};

/** What the certificate has of each guarantee that a type can hold. */
const proofsOf = (type: ConnectorType, rows: readonly Row[]): Proof[] =>
  GUARANTEES.filter((guarantee) => type.guarantees.includes(guarantee)).map((guarantee) => {
    const ofGuarantee = rows.filter((row) => row.guarantee === guarantee);
    return {
      guarantee,
      deliveries: ofGuarantee
        .filter((row) => isDeliveryOf(type, row))
        .sort((a, b) => Number(b.kills) - Number(a.kills)),
      simulation: ofGuarantee.find(({ route, servers }) => servers === 'simulation' && route === simulatedRoute(type)),
    };
  });

const BY = {
  transactional: 'frontier in the same transaction',
  versioned: 'a version with each write',
  idempotent: 'the ids that the target knows again',
  log: 'position as sequence',
  queue: 'inbox',
  batch: 'tasks in the inbox, position as sequence',
  event: '–',
} as const;

const routeTo = (type: ConnectorType): string => {
  if (!type.guarantees.includes('EFFECTIVELY_ONCE')) return 'refused';
  return type.kind === 'source' ? BY[type.source] : type.route ? BY[type.route] : '–';
};

const count = (text: string | undefined): string => Number(text ?? 0).toLocaleString('en-US');

const told = ({ records, kills, servers }: Row): string =>
  `${count(records)} records, ${count(kills)} kills: ${servers?.replace(/; store .*/, '')}`;

/** The strongest guarantee's proof, in a line. */
const inShort = (type: ConnectorType, rows: readonly Row[]): string => {
  const proofs = proofsOf(type, rows);
  const best = proofs.findLast(({ deliveries }) => deliveries.length > 0);
  return best ? `${best.guarantee}: ${told(best.deliveries[0] as Row)}` : 'contract suite';
};

const linkOf = ({ name, kind }: ConnectorType, pages: readonly string[]): string => {
  const page = [`${name}-${kind}.md`, `${name.split('-')[0]}-${kind}.md`, `${name}.md`].find((one) =>
    pages.includes(one),
  );
  return page ? `[\`${name}\`](docs/connectors/${page})` : `\`${name}\``;
};

/** Rows of README's table: type, kind, guarantees, route to EFFECTIVELY_ONCE, proof. `pages`: names of files in docs/connectors. */
export const connectorRows = (
  { sources, sinks }: Catalogue,
  certificate: readonly Row[],
  pages: readonly string[],
): string[][] =>
  [...sources, ...sinks].map((type) => [
    linkOf(type, pages),
    type.kind,
    type.guarantees.length === GUARANTEES.length ? 'all' : type.guarantees.join(', '),
    routeTo(type),
    inShort(type, certificate),
  ]);

/** Rows of the page of proofs: type, kind, guarantee, servers, and what was counted. */
export const proofRows = ({ sources, sinks }: Catalogue, certificate: readonly Row[]): string[][] =>
  [...sources, ...sinks].flatMap((type) =>
    proofsOf(type, certificate).flatMap(({ guarantee, deliveries, simulation }) =>
      [...deliveries, ...(simulation ? [simulation] : [])].map((row) => [
        `\`${type.name}\``,
        type.kind,
        guarantee,
        row === simulation ? `simulation of its route, \`${simulation?.route}\`` : `${row.route}: ${row.servers}`,
        ...[row.records, row.kills, row.lost, row.twice, row['out of order']].map(count),
      ]),
    ),
  );
