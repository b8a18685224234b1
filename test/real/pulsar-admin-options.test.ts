import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { stringify } from 'yaml';
import { runCli } from '../../src/cli/main.ts';
import { planted } from '../kit/planted.ts';
import { describeReal, startPulsarAdminShell } from '../services/index.ts';
import { useServedControlPlane } from './served-control-plane.ts';

jest.setTimeout(300_000);

const SINK = ['--sink-type', 'http', '--inputs', 'in', '--sink-config', '{"url":"http://127.0.0.1:1/"}'];
const SOURCE = ['--source-type', 'data-generator', '--destination-topic-name', 'out'];
const secret = JSON.stringify({ more: planted('option') });

/** Read by the tool; options given beside them override what they say. */
const FILES = {
  sink: {
    name: 'of-file',
    archive: 'builtin://http',
    inputs: ['in'],
    configs: { url: 'http://127.0.0.1:1/' },
    parallelism: 3,
    retainKeyOrdering: true,
    processingGuarantees: 'ATLEAST_ONCE',
  },
  source: {
    name: 'of-file',
    archive: 'builtin://data-generator',
    topicName: 'out',
    configs: { sleepBetweenMessages: 5 },
    parallelism: 2,
    producerConfig: { compressionType: 'ZSTD' },
  },
};

/** Options beside those of the recordings: what `get` shows after a call with them, or what the refusal says. */
type Row = readonly [
  kind: 'sinks' | 'sources',
  verb: 'create' | 'update',
  argv: readonly string[],
  outcome: object | RegExp,
];

const ROWS: readonly Row[] = [
  ['sinks', 'create', [...SINK, '--classname', 'x.Other'], /x\.Other/],
  [
    'sinks',
    'create',
    [...SINK, '--custom-runtime-options', '{"deadLetterKeys":"pass"}'],
    { customRuntimeOptions: '{"deadLetterKeys":"pass"}' },
  ],
  ['sinks', 'create', [...SINK, '--custom-serde-inputs', '{"in2":"x.Serde"}'], /x\.Serde|serialis/i],
  [
    'sinks',
    'create',
    ['--sink-type', 'http', '--input-specs', '{"in3":{"receiverQueueSize":7}}'],
    { inputSpecs: { in3: { receiverQueueSize: 7 } } },
  ],
  ['sinks', 'create', [...SINK, '--log-topic', 'logs'], { logTopic: 'logs' }],
  ['sinks', 'create', [...SINK, '--tenant', 'public', '--namespace', 'nosuch'], /Namespace does not exist/],
  ['sinks', 'create', [...SINK, '--retain-key-ordering'], { retainKeyOrdering: true }],
  ['sinks', 'create', [...SINK, '--runtime-flags', '-Xmx1g'], { runtimeFlags: '-Xmx1g' }],
  ['sinks', 'create', [...SINK, '--secrets', secret], { secrets: { more: '********' } }],
  [
    'sinks',
    'create',
    ['--sink-type', 'http', '--topics-pattern', 'persistent://public/default/a.*'],
    { inputSpecs: { 'persistent://public/default/a.*': { regexPattern: true } } },
  ],
  ['sinks', 'create', [...SINK, '--transform-function', 'builtin://f'], /not available/],
  ['sinks', 'create', [...SINK, '--transform-function-classname', 'x.F'], /transform/i],
  ['sinks', 'create', [...SINK, '--transform-function-config', '{}'], /transform/i],
  ['sinks', 'update', ['--archive', 'builtin://nosuch'], /not available/],
  ['sinks', 'update', ['--cleanup-subscription'], /no change/],
  ['sinks', 'update', ['--cpu', '2'], { resources: { cpu: 2 } }],
  ['sinks', 'update', ['--disk', '5'], { resources: { disk: 5 } }],
  [
    'sinks',
    'update',
    ['--custom-runtime-options', '{"deadLetterKeys":"pass"}'],
    { customRuntimeOptions: '{"deadLetterKeys":"pass"}' },
  ],
  ['sinks', 'update', ['--custom-schema-inputs', '{"in":"STRING"}'], { inputSpecs: { in: { schemaType: 'STRING' } } }],
  ['sinks', 'update', ['--custom-serde-inputs', '{"in":"x.Serde"}'], /x\.Serde|serialis/i],
  ['sinks', 'update', ['--max-redeliver-count', '3', '--dead-letter-topic', 'dead'], { deadLetterTopic: 'dead' }],
  [
    'sinks',
    'update',
    ['--input-specs', '{"in":{"receiverQueueSize":9}}'],
    { inputSpecs: { in: { receiverQueueSize: 9 } } },
  ],
  ['sinks', 'update', ['--log-topic', 'logs'], { logTopic: 'logs' }],
  ['sinks', 'update', ['--negative-ack-redelivery-delay-ms', '77'], { negativeAckRedeliveryDelayMs: 77 }],
  ['sinks', 'update', ['--runtime-flags', '-Xmx1g'], { runtimeFlags: '-Xmx1g' }],
  ['sinks', 'update', ['--secrets', secret], { secrets: { more: '********' } }],
  ['sinks', 'update', ['--subs-name', 'other'], /Subscription Name cannot be altered/],
  ['sinks', 'update', ['--tenant', 'public', '--namespace', 'nosuch'], /doesn't exist/],
  ['sinks', 'update', ['--transform-function', 'builtin://f'], /not available/],
  ['sinks', 'update', ['--transform-function-classname', 'x.F'], /transform/i],
  ['sinks', 'update', ['--transform-function-config', '{}'], /transform/i],
  ['sinks', 'update', ['--update-auth-data'], {}],
  ['sources', 'create', [...SOURCE, '--batch-builder', 'KEY_BASED'], { producerConfig: { batchBuilder: 'KEY_BASED' } }],
  [
    'sources',
    'create',
    [...SOURCE, '--batch-source-config', '{"discoveryTriggererClassName":"x.T"}'],
    { batchSourceConfig: { discoveryTriggererClassName: 'x.T' } },
  ],
  ['sources', 'create', [...SOURCE, '--classname', 'x.Other'], /x\.Other/],
  [
    'sources',
    'create',
    [...SOURCE, '--cpu', '2', '--disk', '5', '--ram', '6'],
    { resources: { cpu: 2, disk: 5, ram: 6 } },
  ],
  [
    'sources',
    'create',
    [...SOURCE, '--custom-runtime-options', '{"deadLetterTopic":"d"}'],
    { customRuntimeOptions: '{"deadLetterTopic":"d"}' },
  ],
  ['sources', 'create', [...SOURCE, '--deserialization-classname', 'x.Serde'], /x\.Serde|serialis/i],
  ['sources', 'create', [...SOURCE, '--log-topic', 'logs'], { logTopic: 'logs' }],
  [
    'sources',
    'create',
    [...SOURCE, '--producer-config', '{"compressionType":"ZSTD"}'],
    { producerConfig: { compressionType: 'ZSTD' } },
  ],
  ['sources', 'create', [...SOURCE, '--runtime-flags', '-Xmx1g'], { runtimeFlags: '-Xmx1g' }],
  ['sources', 'create', [...SOURCE, '--secrets', secret], { secrets: { more: '********' } }],
  ['sources', 'create', ['--archive', 'builtin://data-generator', '--destination-topic-name', 'o'], { topicName: 'o' }],
  ['sources', 'update', ['--archive', 'builtin://nosuch'], /not available/],
  ['sources', 'update', ['--batch-builder', 'KEY_BASED'], /no change/],
  ['sources', 'update', ['--batch-source-config', '{"discoveryTriggererClassName":"x.T"}'], /batch/i],
  ['sources', 'update', ['--cpu', '2'], { resources: { cpu: 2 } }],
  ['sources', 'update', ['--disk', '5'], { resources: { disk: 5 } }],
  [
    'sources',
    'update',
    ['--custom-runtime-options', '{"deadLetterTopic":"d"}'],
    { customRuntimeOptions: '{"deadLetterTopic":"d"}' },
  ],
  ['sources', 'update', ['--deserialization-classname', 'x.Serde'], /x\.Serde|serialis/i],
  ['sources', 'update', ['--log-topic', 'logs'], { logTopic: 'logs' }],
  [
    'sources',
    'update',
    ['--producer-config', '{"compressionType":"ZSTD"}'],
    { producerConfig: { compressionType: 'ZSTD' } },
  ],
  ['sources', 'update', ['--runtime-flags', '-Xmx1g'], { runtimeFlags: '-Xmx1g' }],
  ['sources', 'update', ['--secrets', secret], { secrets: { more: '********' } }],
  ['sources', 'update', ['--tenant', 'public', '--namespace', 'nosuch'], /doesn't exist/],
  ['sources', 'update', ['--update-auth-data'], {}],
];

const RECORDED: readonly (readonly string[])[] = (
  JSON.parse(readFileSync(new URL('../fixtures/cli/recordings.json', import.meta.url), 'utf8')) as { argv: string[] }[]
).map(({ argv }) => argv);

describeReal('every option of pulsar-admin create and update', ['pulsarAdmin'], () => {
  const served = useServedControlPlane(startPulsarAdminShell);

  /** What is wrong with the outcome of a call, or nothing. */
  const failureOf = async ([kind, verb, argv, outcome]: Row, index: number): Promise<string[]> => {
    const name = ['--name', `o${index}`];
    if (verb === 'update') {
      const made = await served.client.run([kind, 'create', ...name, ...(kind === 'sinks' ? SINK : SOURCE)]);
      expect(made).toMatchObject({ code: 0 });
    }
    const { code, stderr } = await served.client.run([kind, verb, ...name, ...argv]);
    try {
      if (outcome instanceof RegExp)
        expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(outcome) });
      else {
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
        expect((await served.controlPlane.get(`${kind}/public/default/o${index}`)).json).toMatchObject(outcome);
      }
      return [];
    } catch (error) {
      return [`${kind} ${verb} ${argv.join(' ')}: ${(error as Error).message}`];
    }
  };

  test('does what it says, or is refused with the reason', async () => {
    const failures: string[] = [];
    for (const [index, row] of ROWS.entries()) failures.push(...(await failureOf(row, index)));
    expect(failures).toEqual([]);
  });

  const ours = async (argv: readonly string[]) => {
    const world = { env: {}, fetch, out: () => {}, err: () => {}, signal: AbortSignal.timeout(20_000) };
    return { code: await runCli([...argv, '--admin-url', served.url], world) };
  };

  /** What a program makes of a file and an option beside it, as `get` shows it. */
  const madeOfFile = async (
    kind: 'sink' | 'source',
    run: (argv: readonly string[]) => Promise<{ code: number | null }>,
  ) => {
    const file = join(mkdtempSync(join(tmpdir(), 'pio-config-')), `${kind}.yaml`);
    writeFileSync(file, stringify(FILES[kind]));
    const argv = [`--${kind}-config-file`, file];
    expect(await run([`${kind}s`, 'create', ...argv, '--parallelism', '1'])).toMatchObject({ code: 0 });
    const created = (await served.controlPlane.get(`${kind}s/public/default/of-file`)).json;
    expect(await run([`${kind}s`, 'update', ...argv])).toMatchObject({ code: 0 });
    const updated = (await served.controlPlane.get(`${kind}s/public/default/of-file`)).json;
    await served.controlPlane.remove(`${kind}s/public/default/of-file`);
    expect(await run([`${kind}s`, 'create', `--${kind}-config-file`, '/nosuch.yaml'])).toMatchObject({ code: 1 });
    return { created, updated };
  };

  test.each(['sink', 'source'] as const)('%s: a configuration file is read as pulsar-io reads it', async (kind) => {
    const theirs = await madeOfFile(kind, (argv) => served.client.run(argv));
    expect(theirs).toMatchObject({ created: { ...FILES[kind], parallelism: 1 }, updated: FILES[kind] });
    expect(await madeOfFile(kind, ours)).toEqual(theirs);
  });

  test.each(['sinks', 'sources'] as const)(
    '%s: there is no option that neither this table nor the recordings have',
    async (kind) => {
      for (const verb of ['create', 'update']) {
        const { stdout } = await served.client.run([kind, verb, '--help']);
        const options = [...stdout.matchAll(/^\s+(?:-\w, )?(--[a-zA-Z-]+)/gm)].map(([, option]) => option as string);
        const tried = [...ROWS.map(([k, v, argv]) => [k, v, ...argv]), ...RECORDED].filter(
          (argv) => argv[0] === kind && argv[1] === verb,
        );
        const words = new Set([
          '--name',
          '--help',
          '--version',
          ...['--sink-config-file', '--source-config-file'],
          ...tried.flat().map((word) => word.split('=')[0]),
        ]);
        expect(options.length).toBeGreaterThan(15);
        expect([verb, options.filter((option) => !words.has(option))]).toEqual([verb, []]);
      }
    },
  );
});
