import type { JsonSchema } from '../config/readers.ts';
import type { KindWords } from '../kind-words.ts';
import type { Route } from '../routes.ts';
import {
  BUILTINS,
  CHECKED,
  COST,
  FIELD_DEFINITIONS,
  instanceStatusSchema,
  NAMES,
  PREVIEWED,
  statusSchema,
} from './schemas.ts';

/** What a route does, in the words of a reader. */
export interface RouteDescription {
  readonly summary: string;
  /** Schema of the answer; absent: 204, nothing. */
  readonly answer?: JsonSchema;
  /** What the query may hold, by name. */
  readonly query?: Readonly<Record<string, string>>;
  /** Schema of a JSON body. */
  readonly body?: JsonSchema;
}

const CONNECTOR = '{tenant}/{namespace}/{name}';
const INSTANCE = `${CONNECTOR}/{instance}`;
const OBJECT: JsonSchema = { type: 'object' };

const LOAD = {
  recordsPerSecond: 'That one instance moves while it has work; default 1000',
  recordBytes: 'Size of a record; default 200',
  memoryMb: 'Memory of a function; default 512',
};

const describeRoutes = (words: KindWords): Readonly<Record<string, RouteDescription>> => {
  const { kind, builtins, reload } = words;
  return {
    [`GET ${builtins}`]: { summary: `Types of ${kind}s`, answer: BUILTINS },
    [`POST ${reload}`]: {
      summary: 'Changes nothing: the types are part of the deployed functions, and a deployment replaces them',
    },
    [`GET ${builtins}/{type}/configdefinition`]: {
      summary: `Configuration keys of a ${kind} type`,
      answer: FIELD_DEFINITIONS,
    },
    'GET {tenant}/{namespace}': { summary: `Names of the ${kind}s in a namespace`, answer: NAMES },
    [`POST ${CONNECTOR}`]: {
      summary: `Make a ${kind}`,
      query: { stopped: 'true: do not start it yet' },
    },
    [`PUT ${CONNECTOR}`]: { summary: `Change a ${kind}: the fields that are sent` },
    [`DELETE ${CONNECTOR}`]: { summary: `Delete a ${kind} with all that is stored for it` },
    [`GET ${CONNECTOR}`]: { summary: `Configuration of a ${kind}, with its defaults, without secrets`, answer: OBJECT },
    [`GET ${CONNECTOR}/status`]: { summary: 'Status of all instances', answer: statusSchema(words) },
    [`GET ${CONNECTOR}/positions`]: { summary: 'How far each partition was worked off', answer: OBJECT },
    [`PUT ${CONNECTOR}/positions`]: {
      summary: 'Where partitions are to go on; only while stopped',
      body: { ...OBJECT, description: 'Positions by partition, or by topic' },
    },
    [`POST ${CONNECTOR}/positions`]: {
      summary: 'Forget the progress of all partitions, or of some; only while stopped',
      query: { partition: 'Name of a partition; may be repeated' },
    },
    [`GET ${CONNECTOR}/dead-letters`]: {
      summary: 'How many dead letters there are, and the first of them with their reasons',
      query: { max: 'Letters to show of each topic, 1 to 100; 10 when absent' },
      answer: OBJECT,
    },
    [`POST ${CONNECTOR}/dead-letters`]: {
      summary: 'Have a sink write its dead letters again, in order, each once',
      query: {
        max: 'Letters to send back of each topic; all that are there now when absent',
        allowReordering: 'true: also where an old record may undo a newer one of its key',
      },
      answer: OBJECT,
    },
    [`DELETE ${CONNECTOR}/dead-letters`]: {
      summary: 'Drop dead letters for good',
      query: { confirm: `Name of the ${kind}`, max: 'Letters to drop of each topic; all when absent' },
      answer: OBJECT,
    },
    [`POST ${CONNECTOR}/check`]: {
      summary: 'Whether what the form (without one: the connector) says would work; changes nothing',
      answer: CHECKED,
    },
    [`GET ${CONNECTOR}/cost`]: { summary: `What the ${kind} costs at AWS: an estimate`, query: LOAD, answer: COST },
    [`POST ${CONNECTOR}/cost`]: {
      summary: 'The same of what the form says',
      query: LOAD,
      answer: COST,
    },
    [`POST ${CONNECTOR}/preview`]: {
      summary:
        'The next records that the form (without one: the connector) would move, and what it would write; changes nothing',
      query: { records: 'How many, 1 to 100; default 5' },
      answer: PREVIEWED,
    },
    [`POST ${CONNECTOR}/start`]: { summary: 'Start all instances' },
    [`POST ${CONNECTOR}/stop`]: { summary: 'Stop all instances; they keep their position' },
    [`POST ${CONNECTOR}/restart`]: { summary: 'Restart all instances; counters begin at 0' },
    [`GET ${INSTANCE}/status`]: { summary: 'Status of one instance', answer: instanceStatusSchema(words) },
    [`POST ${INSTANCE}/start`]: { summary: 'Start one instance' },
    [`POST ${INSTANCE}/stop`]: { summary: 'Stop one instance' },
    [`POST ${INSTANCE}/restart`]: { summary: 'Restart one instance' },
  };
};

/** What a route of a kind does; undefined for one that nobody described, which a test refuses. */
export const describeRoute = (words: KindWords, { method, pattern }: Route): RouteDescription | undefined =>
  describeRoutes(words)[`${method} ${pattern}`];
