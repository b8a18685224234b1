import type { Problem } from '../../core/connector-type.ts';
import { splitList } from '../config.ts';
import type { ElasticSearchConfig } from './config.ts';
import { indexProblem } from './index-name.ts';
import { checkSsl } from './ssl.ts';

/** The nodes of `elasticSearchUrl`; undefined when one is no address, or holds more than scheme, host, port and path. */
export const nodesOf = (elasticSearchUrl: string): string[] | undefined => {
  const nodes = splitList(elasticSearchUrl);
  const isNode = (text: string): boolean => {
    const url = URL.parse(text);
    if (!url || !['http:', 'https:'].includes(url.protocol)) return false;
    return [url.username, url.password, url.search, url.hash].every((it) => it === '');
  };
  return nodes.length > 0 && nodes.every(isNode) ? nodes : undefined;
};

const isGiven = (text: string | undefined): boolean => text !== undefined && text !== '';

/** Cross-field rules of the configuration. */
export const checkElasticSearch = (config: ElasticSearchConfig): Problem[] => {
  const problems: Problem[] = [];
  const problem = (key: keyof ElasticSearchConfig, message: string): void => {
    problems.push({ path: `/configs/${key}`, message });
  };
  if (nodesOf(config.elasticSearchUrl) === undefined)
    problem(
      'elasticSearchUrl',
      'must be a comma-separated list of http://host:port or https://host:port, without credentials',
    );
  const index = indexProblem(config);
  if (index !== undefined) problem('indexName', index);
  if (isGiven(config.username) !== isGiven(config.password))
    problem('password', 'give username and password, or neither');
  const ways = [config.username, config.token, config.apiKey].filter(isGiven);
  if (ways.length > 1) problem('username', 'give only one of username, token and apiKey');
  if (isGiven(config.clientCertificate) !== isGiven(config.clientKey))
    problem('clientKey', 'give clientCertificate and clientKey, or neither');
  if (config.bulkActions === 0) problem('bulkActions', 'must be at least 1, or -1');
  if (config.bulkSizeInMb === 0) problem('bulkSizeInMb', 'must be at least 1, or -1');
  return [...problems, ...checkSsl(config.ssl)];
};
