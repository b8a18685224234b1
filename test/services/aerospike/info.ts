const NAMESPACE = 'test';
const PARTITIONS = 4_096;
const NODE = 'BB9000000000001';
const EVERY_PARTITION = Buffer.alloc(PARTITIONS / 8, 0xff).toString('base64');

/** What a client asks to find out about its cluster: one node, which has all partitions of one namespace. */
const answerTo = (name: string, port: number): string => {
  const values: Readonly<Record<string, string>> = {
    node: NODE,
    build: '7.2.0.0',
    'partition-generation': '1',
    'peers-generation': '1',
    'peers-clear-std': `1,${port},[]`,
    replicas: `${NAMESPACE}:0,1,${EVERY_PARTITION};`,
  };
  return values[name] ?? '';
};

/** The answer to a request for information: a line for each name in it. */
export const infoOf = (request: string, port: number): string =>
  request
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => `${name}\t${answerTo(name, port)}\n`)
    .join('');

/** Whether it is the one namespace that there is. */
export const hasNamespace = (name: string): boolean => name === NAMESPACE;

/** The partition of a digest. */
export const partitionOf = (digest: Buffer): number => digest.readUInt16LE() % PARTITIONS;
