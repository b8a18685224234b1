import { randomUUID } from 'node:crypto';
import type { OpensearchAddress } from '../services/index.ts';
import type { Target } from './target.ts';

interface Found {
  readonly hits: { readonly hits: readonly { readonly _source: { readonly n: number } }[] };
}

interface Stats {
  readonly _all: { readonly primaries: { readonly indexing: { readonly index_total: number } } };
}

/** An index keyed by the record: a repeated write is the same document, and is counted by the server. */
export const opensearchTarget = async ({ url }: OpensearchAddress): Promise<Target> => {
  const index = `e2e-${randomUUID()}`;
  const ask = async (method: string, path: string): Promise<unknown> => {
    const answer = await fetch(`${url}/${index}${path}`, { method, signal: AbortSignal.timeout(20_000) });
    if (!answer.ok) throw new Error(`OpenSearch answers ${answer.status} to ${method} ${path}`);
    return answer.json();
  };
  await ask('PUT', '');
  const rows = async (): Promise<number> => {
    await ask('POST', '/_refresh');
    return ((await ask('GET', '/_count')) as { count: number }).count;
  };
  return {
    name: 'OpenSearch',
    sinkType: 'elastic_search',
    configs: { elasticSearchUrl: url, indexName: index, keyIgnore: false, bulkActions: 100 },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read: async () => {
      await ask('POST', '/_refresh');
      const { hits } = (await ask('GET', '/_search?size=10000&_source=n')) as Found;
      return hits.hits.map(({ _source }) => _source.n).sort((a, b) => a - b);
    },
    repeatedWrites: async () => {
      const { _all } = (await ask('GET', '/_stats/indexing')) as Stats;
      return _all.primaries.indexing.index_total - (await rows());
    },
    [Symbol.asyncDispose]: async () => void (await ask('DELETE', '')),
  };
};
