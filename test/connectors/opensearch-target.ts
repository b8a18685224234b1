import { randomUUID } from 'node:crypto';
import { elasticSearchSink } from '../../src/connectors/elastic-search/sink.ts';
import type { OpenContext } from '../../src/core/connector-type.ts';
import type { SinkHarness } from '../contracts/sink.ts';
import { sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness } from '../contracts/sink-trouble.ts';
import type { OpensearchAddress } from '../services/index.ts';
import { startCutProxy, withOutage } from './cut-proxy.ts';
import { configOf, context } from './open.ts';

const EFFECTIVELY: Partial<OpenContext> = { guarantee: 'EFFECTIVELY_ONCE' };

/** A document as a search finds it. */
export interface Hit {
  readonly _id: string;
  readonly _version: number;
  readonly _source: Readonly<Record<string, unknown>>;
}

/** An index of one's own, which need not be there yet. */
export const opensearchTarget = ({ url }: OpensearchAddress) => {
  const index = `t-${randomUUID()}`;
  const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const hits = async (of = index): Promise<Hit[]> => {
    await call('POST', `${of}/_refresh?ignore_unavailable=true`);
    const found = await call('POST', `${of}/_search?size=10000&version=true&ignore_unavailable=true`, {});
    return (found.hits as { hits: Hit[] } | undefined)?.hits ?? [];
  };
  const settings = { elasticSearchUrl: url, indexName: index, keyIgnore: false, nullValueAction: 'DELETE' };
  return {
    index,
    call,
    hits,
    open: (more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}) =>
      elasticSearchSink.open(configOf(elasticSearchSink, { ...settings, ...more }), context(of)),
    dispose: async () => void (await call('DELETE', `${index}*`)),
  };
};

/** Fields of a text that no search needs to find: an index of a large one takes long. */
const MAPPING = { mappings: { properties: { v: { type: 'object', enabled: false }, n: { type: 'integer' } } } };

/** The target for the contracts. */
export const opensearchHarness = async (
  address: OpensearchAddress,
  of: Partial<OpenContext> = EFFECTIVELY,
  more: Record<string, unknown> = {},
): Promise<SinkHarness> => {
  const target = opensearchTarget(address);
  await target.call('PUT', target.index, MAPPING);
  const record = (n: number, key: string, value: object) => sinkRecord(n, { key, value: JSON.stringify(value) });
  return {
    open: () => target.open({ stripNonPrintableCharacters: false, ...more }, of),
    record: (n, key, text) => record(n, key, { v: text }),
    poison: (n) => record(n, `poison ${n}`, { n: 'sekrit' }),
    tombstone: (n, key) => sinkRecord(n, { key }),
    contents: async () => {
      const found = (await target.hits()).filter(({ _source }) => !('pulsar_io_deleted' in _source));
      return Object.fromEntries(found.map(({ _id, _source }) => [_id, _source.v as string]));
    },
    dispose: target.dispose,
  };
};

/** The same behind a proxy that can be cut. */
export const opensearchOutageHarness = async (address: OpensearchAddress): Promise<SinkOutageHarness> => {
  const { hostname, port } = new URL(address.url);
  const proxy = await startCutProxy(hostname, Number(port));
  const made = await opensearchHarness(address, EFFECTIVELY, { elasticSearchUrl: `http://127.0.0.1:${proxy.port}` });
  return withOutage(made, proxy);
};
