import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../test/services/kit/run.ts';
import { type Figure, median } from '../report.ts';

/** A client of at most this many bytes is what we hold ourselves to. */
const LIMIT_BYTES = 150_000;
const TIMEOUT_MS = 60_000;
const root = join(import.meta.dirname, '..', '..');
const bundle = join(root, 'dist', 'pulsar.mjs');
/** What any client of Node's must load. */
const FLOOR = "import('node:net'), import('node:tls'), import('node:zlib')";

const importMs = async (imports: string): Promise<number> => {
  const code = `const from = performance.now(); await Promise.all([${imports}]); console.log(performance.now() - from)`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { timeoutMs: TIMEOUT_MS });
  return Number(stdout);
};

/** Size of the built client and how long a new process takes to import it; empty, with a notice, when there is no build. */
export const bundleFigures = async (rounds: number, onMissing: (notice: string) => void): Promise<Figure[]> => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const built = scripts.build && (await run('npm', ['run', 'build'], { cwd: root, timeoutMs: TIMEOUT_MS }));
  if (built?.code !== 0) {
    onMissing('the bundle is left out: `npm run build` does not work');
    return [];
  }
  const own: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds * 3; round++) {
    floor.push(await importMs(FLOOR));
    own.push(await importMs(`import(${JSON.stringify(bundle)})`));
  }
  const { size } = statSync(bundle);
  return [
    {
      name: 'import of the bundle',
      value: median(own),
      unit: 'ms',
      ratio: { to: "its Node modules' import", value: median(own) / median(floor) },
    },
    {
      name: 'size of the bundle',
      value: size / 1000,
      unit: 'kB',
      ratio: { to: 'limit', value: size / LIMIT_BYTES },
    },
  ];
};
