/**
 * Builds the package's doors `./pulsar`, `./pulsar/session` and `./connector`: for each a `.mjs` and a `.cjs`, self-contained and minified, and a `.d.ts` with
 * the declarations in `types/`; the door `./testing`, a module that shares with `connector.mjs` what both need; and the command line `pulsar-io.mjs`. Use: `node scripts/build.ts [folder]`; the folder is `dist` by default.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { minify } from '@swc/core';
import { type BuildOptions, build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Long names of members of the client that nobody outside it sees: they are shortened in its bundle, which saves 4 %. */
const INTERNAL =
  `acceptEncrypted acknowledgeIn advertisedListenerName arrivalListeners arrivals askAgain assembler assignedBrokerServiceUrl
  assignedBrokerServiceUrlTls attachment authMethodName batcher batchMemory beganAtMs borrowed brokerServiceUrl brokerServiceUrlTls byLast
  canOnlyRewind chunked chunkTimer closedByBroker clusterUrl collected compactedBatchIndexes consumerId consumerMarkDeletePosition consumers context
  coordinators deadLetters encryptionAlgo encryptionParam endReason endWith entriesOf entryContext entryHighestSequenceId eventTimeMs failPending
  featureFlags firstChunkMessageId flushBatch flushWaiters forgetMessages fullName giveBack grouping headersAndPayload highestSequenceId incomplete
  individual isAckReceipt isAttached isBatchIndexAck isBeforeTarget isBroken isClosed isCorked isDetached isDurable isHttp isInclusive
  isOldestChunkedAcked isOwn isPingUnanswered isProxied isReadCompacted isStartInclusive isTls isUnderWay keepAliveTimer knownEnd
  knownMaxMessageBytes lastChances lastCumulative lastTaken learnMore ledgers limitCumulative lowestSequenceId maxDelayMs maxFrameBytes maxLookups
  maxMessageBytes maxPendingChunkedMessages mayCreate mayReorder metadataAutoCreationEnabled negativeAckDelayMs negativeAcks nextSequenceId noteOne
  nullPartitionKey nullValue numChunksFromMsg numMessagesInBatch onceClosed onGivenUp onStarving onWaiting operationTimeoutMs originalAuthData
  originalAuthMethod originalPrincipal outstanding partitionKeyB64Encoded partitionsUpdateMs payloadSize pendingMessages permits position
  primaryAnswers producerId producers protocolVersion proxyThroughServiceUrl proxyToBrokerUrl proxyVersion publishTime publishTimeMs queueSize
  reading readLengthEnd readUint32 readVarint reconnector redeliveries redeliveryCount registeredSchemaVersion removeThrough replicatedFrom
  replicateTo requireConnection requireCumulative requireOpen schemaVersion seeking sendFlow settledThrough startAgain statsIntervalMs statsLine
  stopRefreshing supportsGetPartitionedMetadataWithoutAutoCreation timesSent topicEpoch totalChunkMsgSize transmit txnidLeastBits
  txnidLeastBitsOfLowWatermark txnidMostBits unacked uncompressedSize userProvidedProducerName waiters waitingBytes whenUnreachable wireType
  writeInteger writeUint32`.split(/\s+/);
/** Each door's bundle by name, its entry, as a path from the project's root, and which of its members may be renamed. */
const DOORS: readonly (readonly [name: string, entry: string, options?: BuildOptions])[] = [
  ['pulsar', 'scripts/pulsar-door.ts', { mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`) }],
  ['pulsar-session', 'src/pulsar/session.ts'],
  ['connector', 'scripts/connector-door.ts'],
];
/** Modules of connectors' authors: an error that one makes is the other's class. */
const AUTHORS_MODULES: readonly (readonly [name: string, entry: string])[] = [
  ['connector', 'scripts/connector-door.ts'],
  ['testing', 'scripts/testing-door.ts'],
];
/** The declarations are CommonJS to a compiler, so that both `import` and `require` may load them. */
const PACKAGE = '{ "type": "commonjs" }\n';
/** Bundled CommonJS packages ask for Node's own modules by `require`. */
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";
const CLI_BANNER = `#!/usr/bin/env node\n${REQUIRE_BANNER}`;
/** Where a CommonJS bundle is. */
const HERE = { 'import.meta.url': '__filename' };

const SHARED: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  external: ['avsc', 'protobufjs', 'protobufjs/*'],
  logLevel: 'warning',
};

const save = async (path: string, code: string): Promise<void> => {
  await writeFile(path, code);
  process.stdout.write(`${path}: ${Buffer.byteLength(code)} bytes\n`);
};

const bundled = async (entry: string, options: BuildOptions): Promise<string> => {
  const { outputFiles } = await build({ ...SHARED, ...options, entryPoints: [join(ROOT, entry)], write: false });
  return outputFiles.map(({ text }) => text).join('');
};

/** esbuild drops what is not reachable; swc, after it, inlines more: about 2 % less. */
const bundleDoor = async (entry: string, outfile: string, options?: BuildOptions): Promise<void> => {
  const module = outfile.endsWith('.mjs');
  const format = module ? ({ format: 'esm' } as const) : ({ format: 'cjs', define: HERE } as const);
  const code = await bundled(entry, { ...options, ...format });
  const compress = { passes: 3, toplevel: true, module };
  const smaller = await minify(code, { module, compress, mangle: { toplevel: true } });
  await save(outfile, smaller.code);
};

const bundleAuthorsModules = async (outdir: string): Promise<void> => {
  const entryPoints = Object.fromEntries(AUTHORS_MODULES.map(([name, entry]) => [name, join(ROOT, entry)]));
  const modules: BuildOptions = {
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE_BANNER },
  };
  const { outputFiles } = await build({ ...SHARED, ...modules, entryPoints, outdir, write: false });
  for (const { path, text } of outputFiles) await save(path, text);
};

const bundleCli = async (outfile: string): Promise<void> =>
  save(outfile, await bundled('scripts/pulsar-io.ts', { format: 'esm', banner: { js: CLI_BANNER } }));

/** Compilers want `.js` where our modules say `.ts`. */
const withoutTs = (declarations: string): string => declarations.replace(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, '$1$2.js$1');

const declare = async (folder: string): Promise<void> => {
  const types = join(folder, 'types');
  const project = join(folder, 'tsconfig.declarations.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: types,
    rootDir: ROOT,
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  const doors = new Map([...DOORS.map(([name, entry]) => [name, entry] as const), ...AUTHORS_MODULES]);
  const entries = [...doors.values()].map((entry) => join(ROOT, entry));
  const files = [...entries, join(ROOT, 'src/pulsar/protocol/snappyjs.d.ts')];
  await writeFile(
    project,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project]);
  await rm(project);
  for (const name of await readdir(types, { recursive: true })) {
    const path = join(types, name);
    if (name.endsWith('.d.ts')) await writeFile(path, withoutTs(await readFile(path, 'utf8')));
  }
  for (const [name, entry] of doors) {
    const from = `'./types/${entry.replace(/\.ts$/, '.js')}'`;
    const byDefault = name === 'pulsar' ? `export { default } from ${from};\n` : '';
    await writeFile(join(folder, `${name}.d.ts`), `export * from ${from};\n${byDefault}`);
  }
};

const extensionsOf = (name: string): readonly string[] =>
  AUTHORS_MODULES.some(([module]) => module === name) ? ['cjs'] : ['mjs', 'cjs'];

const main = async (folder: string): Promise<void> => {
  await rm(join(folder, 'types'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), PACKAGE);
  await Promise.all([
    ...DOORS.flatMap(([name, entry, options]) =>
      extensionsOf(name).map((extension) => bundleDoor(entry, join(folder, `${name}.${extension}`), options)),
    ),
    bundleAuthorsModules(folder),
    bundleCli(join(folder, 'pulsar-io.mjs')),
    declare(folder),
  ]);
};

await main(resolve(process.argv[2] ?? join(ROOT, 'dist')));
