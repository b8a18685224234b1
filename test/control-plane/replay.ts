import { readFileSync } from 'node:fs';
import { startControlPlane, type TestControlPlane } from './harness.ts';
import type { TestPart } from './requests.ts';

/** One recorded request with its answer. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly contentType?: string;
    readonly body?: string;
    readonly parts?: readonly TestPart[];
  };
  readonly response:
    | { readonly withheld: true }
    | { readonly withheld?: undefined; readonly status: number; readonly body: string };
}

/** What one call of a tool sent and got. */
export interface Item {
  readonly n: number;
  readonly label: string;
  readonly exchanges: readonly Exchange[];
}

/** An answer of ours next to the recorded one. */
export interface Compared {
  /** `sources#33.1`: file, item, exchange of the item when there are several. */
  readonly step: string;
  readonly label: string;
  readonly request: Exchange['request'];
  readonly recorded: Comparable | undefined;
  readonly ours: Comparable;
}

/** Status and body without what differs from run to run. */
export interface Comparable {
  readonly status: number;
  /** Parsed and normalised JSON, `<html>`, or the text. */
  readonly body: unknown;
}

/** The items of a recording, in order. */
export const load = (file: string): readonly Item[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/recordings/${file}.json`, import.meta.url), 'utf8'));

/** Paths that a worker answers; the others are the broker's. */
export const OURS = /^\/admin\/v3\/(sources?|sinks?)(\/|$)/;

/** Sends a recording's requests in order to a fresh control plane. Requests to the broker's own API change or ask the fake broker. */
export const replay = async (file: 'sources' | 'sinks'): Promise<Compared[]> => {
  const controlPlane = await startControlPlane();
  const compared: Compared[] = [];
  for (const { n, label, exchanges } of load(file)) {
    for (const [index, { request, response }] of exchanges.entries()) {
      if (!OURS.test(request.path)) {
        applyToBroker(controlPlane, request);
        continue;
      }
      const answer = await controlPlane.send(request);
      compared.push({
        step: `${file}#${n}${exchanges.length > 1 ? `.${index}` : ''}`,
        label,
        request,
        recorded: response.withheld ? undefined : { status: response.status, body: normal(response.body) },
        ours: { status: answer.status, body: normal(answer.text) },
      });
    }
  }
  controlPlane.close();
  return compared;
};

/** Makes the tenant or namespace that a request to the broker's own API makes. */
export const applyToBroker = ({ pulsar }: TestControlPlane, { method, path }: Exchange['request']): void => {
  const [, kind, tenant = '', namespace] = /^\/admin\/v2\/(tenants|namespaces)\/([^/]+)\/?([^/]*)$/.exec(path) ?? [];
  if (method !== 'PUT') return;
  const namespaces = pulsar.tenants.get(tenant) ?? new Set();
  pulsar.tenants.set(tenant, namespaces);
  if (kind === 'namespaces') namespaces.add(`${tenant}/${namespace}`);
};

/** Counters, times and worker ids are made equal; lists whose order says nothing are sorted. */
export const normal = (body: string): unknown => {
  try {
    return JSON.parse(body, (key, value) => {
      if (VOLATILE.has(key) && typeof value === 'number') return 0;
      if (key === 'workerId') return 'worker';
      // Our addition to the status of an instance, which Pulsar's tools ignore.
      if (key === 'details') return undefined;
      if (key === 'inputs') return value.toSorted();
      if (key === 'instances') return value.toSorted((a: Instance, b: Instance) => a.instanceId - b.instanceId);
      return value;
    });
  } catch {
    return body;
  }
};

interface Instance {
  readonly instanceId: number;
}

const VOLATILE = new Set([
  'numReceivedFromSource',
  'numWritten',
  'numReadFromPulsar',
  'numWrittenToSink',
  'lastReceivedTime',
]);
