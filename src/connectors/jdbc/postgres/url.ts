/** How a connection is encrypted, in PostgreSQL's words (libpq, "SSL mode"); the two that try without TLS first are `disable`. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** One of {@link SSL_MODES}. */
export type SslMode = (typeof SSL_MODES)[number];

/** What a JDBC URL of PostgreSQL says. */
export interface PostgresUrl {
  /** Tried in this order. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  /** Search path: where tables without a schema are looked for. */
  readonly currentSchema: string | undefined;
  readonly applicationName: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  /** Longest silence of the server during a query. */
  readonly socketTimeoutMs: number | undefined;
}

/** Parameters of pgjdbc that change nothing here: batches, timeouts of other calls and prepared statements are ours. */
const WITHOUT_EFFECT = [
  'reWriteBatchedInserts',
  'prepareThreshold',
  'tcpKeepAlive',
  'loginTimeout',
  'stringtype',
  'sslfactory',
  'charSet',
];
const TAKEN = [
  'user',
  'password',
  'ssl',
  'sslmode',
  'currentSchema',
  'ApplicationName',
  'connectTimeout',
  'socketTimeout',
];

const FORM = /^jdbc:postgresql:(?:\/\/([^/?]*)\/?)?([^/?]*)(?:\?(.*))?$/;

/** Reads a JDBC URL of PostgreSQL (jdbc.postgresql.org, "Connecting to the Database"); a text says what is wrong with it. */
export const parsePostgresUrl = (jdbcUrl: string): PostgresUrl | string => {
  const match = FORM.exec(jdbcUrl);
  if (!match) return 'must be jdbc:postgresql://host:port/database, and ?parameters where there are any';
  const [, authority = '', database = '', query = ''] = match;
  const hosts = hostsOf(authority);
  if (hosts === undefined) return 'must name each host as host or host:port, with commas between several';
  const parameters = new URLSearchParams(query);
  const problem = parameterProblem(parameters);
  if (problem !== undefined) return problem;
  const text = (name: string): string | undefined => parameters.get(name) ?? undefined;
  const isSsl = parameters.has('ssl') && parameters.get('ssl') !== 'false';
  return {
    hosts,
    database: decode(database) || undefined,
    user: text('user'),
    password: text('password'),
    sslMode: (text('sslmode') as SslMode | undefined) ?? (isSsl ? 'verify-full' : 'prefer'),
    currentSchema: text('currentSchema'),
    applicationName: text('ApplicationName'),
    connectTimeoutMs: milliseconds(text('connectTimeout')),
    socketTimeoutMs: milliseconds(text('socketTimeout')),
  };
};

const hostsOf = (authority: string): PostgresUrl['hosts'] | undefined => {
  const hosts = (authority || 'localhost').split(',').map((part) => {
    const [, name, port = '5432'] = /^(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(part.trim()) ?? [];
    if (name === undefined || Number(port) > 65_535) return undefined;
    return { host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  const known = hosts.filter((it) => it !== undefined);
  return known.length === hosts.length ? known : undefined;
};

const parameterProblem = (parameters: URLSearchParams): string | undefined => {
  const unknown = [...parameters.keys()].find((name) => !TAKEN.includes(name) && !WITHOUT_EFFECT.includes(name));
  if (unknown !== undefined)
    return `has the parameter ${unknown.slice(0, 50)}, which is not taken; taken are ${TAKEN.join(', ')}`;
  const mode = parameters.get('sslmode');
  if (mode !== null && !(SSL_MODES as readonly string[]).includes(mode))
    return `has an sslmode that is none of ${SSL_MODES.join(', ')}`;
  const wrong = ['connectTimeout', 'socketTimeout'].find((name) => !/^\d{0,6}$/.test(parameters.get(name) ?? ''));
  return wrong && `has a ${wrong} that is no number of seconds`;
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const milliseconds = (seconds: string | undefined): number | undefined => Number(seconds ?? 0) * 1_000 || undefined;
