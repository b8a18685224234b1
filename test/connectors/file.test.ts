import { appendFile, mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fileSource } from '../../src/connectors/file/source.ts';
import { readAll, type SourceHarness, sourceContract, textOf } from '../contracts/source.ts';
import { sourceOutageContract, sourcePoisonContract, sourceValuesContract } from '../contracts/source-trouble.ts';
import { code } from '../kit/failures.ts';
import { configOf, context, problemsOf } from './open.ts';
import { temporaryFolder } from './temporary.ts';

const open = (configs: Record<string, unknown>) => fileSource.open(configOf(fileSource, configs), context());
const running = () => new AbortController().signal;

const harness =
  (configs: Record<string, unknown>, content: string, texts: string[], more: string, added: string[]) =>
  async (): Promise<SourceHarness> => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'data.txt');
    await writeFile(path, content);
    return {
      type: fileSource,
      open: () => open({ path, ...configs }),
      partition: 'data.txt',
      texts,
      grow: async () => {
        await appendFile(path, more);
        return added;
      },
      dispose: folder.dispose,
    };
  };

sourceContract(
  'file of lines',
  harness({}, 'one\n\ntwo\r\nžluť 🐎\n{"a":1}\n \nincom', ['one', 'two', 'žluť 🐎', '{"a":1}', ' '], 'plete\nlast\n', [
    'incomplete',
    'last',
  ]),
);
sourceContract(
  'file of lines longer than the checksums',
  harness(
    {},
    Array.from({ length: 30 }, (_, n) => `${String(n).repeat(300)}\n`).join(''),
    Array.from({ length: 30 }, (_, n) => String(n).repeat(300)),
    'more\n',
    ['more'],
  ),
);
sourceContract(
  'file of NDJSON with a BOM',
  harness(
    { format: 'ndjson' },
    '\ufeff{"id": 12345678901234567890}\n[1]\n"x"\n',
    ['{"id": 12345678901234567890}', '[1]', '"x"'],
    'null\n',
    ['null'],
  ),
);
sourceContract(
  'file of CSV',
  harness(
    { format: 'csv', csvTypes: { n: 'integer' } },
    'id,"te""xt",n\r\n1,plain,5\n2,"two\nlines, and ""quotes""",\n\n3,"",-1\n4,"unfinished\nquote',
    [
      '{"id":"1","te\\"xt":"plain","n":5}',
      '{"id":"2","te\\"xt":"two\\nlines, and \\"quotes\\"","n":null}',
      '{"id":"3","te\\"xt":"","n":-1}',
    ],
    '",0\n5,žluť,1\n',
    ['{"id":"4","te\\"xt":"unfinished\\nquote","n":0}', '{"id":"5","te\\"xt":"žluť","n":1}'],
  ),
);

sourcePoisonContract('file of NDJSON', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'data.txt');
  await writeFile(path, '{"a":1}\n[2]\n');
  return {
    type: fileSource,
    open: () => open({ path, format: 'ndjson' }),
    partition: 'data.txt',
    texts: ['{"a":1}', '[2]'],
    spoil: async () => {
      await appendFile(path, '{sekrit\n"good"\n{"b":3}\n');
      return ['"good"', '{"b":3}'];
    },
    dispose: folder.dispose,
  };
});
sourceOutageContract('file', async () => {
  const folder = await temporaryFolder();
  const mounted = join(folder.path, 'mounted');
  const path = join(mounted, 'data.txt');
  await mkdir(mounted);
  await writeFile(path, 'one\ntwo\nthree\n');
  return {
    type: fileSource,
    open: () => open({ path }),
    partition: 'data.txt',
    texts: ['one', 'two', 'three'],
    grow: async () => {
      await appendFile(path, 'four\n');
      return ['four'];
    },
    outage: async () => {
      await rename(mounted, `${mounted}-away`);
      return () => rename(`${mounted}-away`, mounted);
    },
    dispose: folder.dispose,
  };
});
sourceValuesContract(
  'file of NDJSON',
  async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'data.txt');
    return {
      open: () => open({ path, format: 'ndjson' }),
      partition: 'data.txt',
      put: (_, line) => writeFile(path, `${line}\n`),
      dispose: folder.dispose,
    };
  },
  {
    binary: 'JSON has none',
    boolean: { given: '[true,false]', expected: '[true,false]' },
    'integer beyond 2^53': { given: '{"id":9007199254740993}', expected: '{"id":9007199254740993}' },
    decimal: {
      given: '12345678901234567890.0123456789000',
      expected: '12345678901234567890.0123456789000',
    },
    date: { given: '"2024-02-29"', expected: '"2024-02-29"' },
    timestamp: { given: '"2024-02-29T23:59:59.123456Z"', expected: '"2024-02-29T23:59:59.123456Z"' },
    'null field': { given: '{"a":null}', expected: '{"a":null}' },
    nested: { given: '{"a":[{"b":[[]]}]}', expected: '{"a":[{"b":[[]]}]}' },
  },
);

describe('the file source', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'data.txt');
  });
  afterEach(() => folder.dispose());

  const read = async (configs: Record<string, unknown> = {}) => readAll(await open({ path, ...configs }), 'data.txt');

  test("gives Pulsar's key and properties, and the byte offset as sequence", async () => {
    await writeFile(path, 'one\n\ntwo\n');
    const records = await read();
    expect(records.map(({ key, sequence }) => [key, sequence])).toEqual([
      ['data.txt_1', 0],
      ['data.txt_3', 5],
    ]);
    expect(records[0]?.properties).toEqual({
      'file.name': 'data.txt',
      'file.path': path,
      'file.modified.time': expect.stringMatching(/^\d{13}$/),
    });
  });

  test('gives the bytes of a line as they are, also when they are no UTF-8', async () => {
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0xc3, 0x0a]));
    expect((await read()).map(({ value }) => [...(value as Buffer)])).toEqual([[0xff, 0xfe, 0x00], [0xc3]]);
  });

  test('gives nothing for an empty file, and for one that holds a header row only', async () => {
    await writeFile(path, '');
    expect(await read()).toEqual([]);
    expect(await read({ format: 'csv' })).toEqual([]);
    await writeFile(path, 'a,b\n');
    expect(await read({ format: 'csv' })).toEqual([]);
    await writeFile(path, 'a,b');
    expect(await read({ format: 'csv' })).toEqual([]);
  });

  test('finds the same records whatever the chunks cut: lines and rows around a megabyte', async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => `${n},"${'ž"",\n'.repeat(n % 150)}"`);
    await writeFile(path, `n,text\n${rows.join('\n')}\n`);
    const records = await read({ format: 'csv' });
    expect(records).toHaveLength(3_000);
    expect(
      records.every(
        ({ value }, n) =>
          (value as { n: string; text: string }).n === String(n) &&
          (value as { text: string }).text === 'ž",\n'.repeat(n % 150),
      ),
    ).toBe(true);
    const resumed = await readAll(await open({ path, format: 'csv' }), 'data.txt', records[2_000]?.position);
    expect(resumed.map(({ sequence }) => sequence)).toEqual(records.slice(2_001).map(({ sequence }) => sequence));
    expect(resumed.map(({ position }) => position)).toEqual(records.slice(2_001).map(({ position }) => position));
  });

  test('reads a record of several megabytes', async () => {
    await writeFile(path, `a\n${'x'.repeat(3_500_000)}\nb\n`);
    expect((await read()).map(({ value }) => (value as Buffer).length)).toEqual([1, 3_500_000, 1]);
  });

  test('stops at a record that is too large, after it gave those before, and says where it is', async () => {
    await writeFile(path, `first\n${'x'.repeat(200)}\nlast\n`);
    const source = await open({ path, maxRecordBytes: 100 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const page of source.read('data.txt', undefined, running())) seen.push(...page.map(textOf));
    })();
    await expect(reading).rejects.toEqual(code('PIO_SOURCE_RECORD_INVALID', 'data.txt has at byte 6'));
    await expect(reading).rejects.toEqual(expect.objectContaining({ disposition: 'fatal' }));
    expect(seen).toEqual(['first']);
  });

  test('stops at a quote that is never closed once it exceeds the limit', async () => {
    await writeFile(path, `a,b\n1,"x\n${'2,y\n'.repeat(100)}`);
    await expect(read({ format: 'csv', maxRecordBytes: 200 })).rejects.toEqual(
      code('PIO_SOURCE_RECORD_INVALID', 'never closed'),
    );
  });

  test('marks a wrong line or row in its place, with its bytes, and goes on', async () => {
    await writeFile(path, '{"a":1}\n{"sekrit"\n{"a":3}\n');
    const lines = await read({ format: 'ndjson' });
    expect(lines.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
      undefined,
      'PIO_SOURCE_RECORD_INVALID',
      undefined,
    ]);
    expect(lines.map(textOf)).toEqual(['{"a":1}', '{"sekrit"', '{"a":3}']);
    expect(lines[1]?.error?.message).toBe('data.txt, record 2 at byte 8: the line is not JSON');
    await writeFile(path, 'a,b\n1,2\n3\n4,5,6\n7,"8"x\n9,stray"quote\n10,11\n');
    const rows = await read({ format: 'csv' });
    expect(rows.map(({ error }) => error === undefined)).toEqual([true, false, false, false, false, true]);
    expect(rows.map(textOf)).toEqual([
      '{"a":"1","b":"2"}',
      '3',
      '4,5,6',
      '7,"8"x',
      '9,stray"quote',
      '{"a":"10","b":"11"}',
    ]);
    await writeFile(path, Buffer.from('a\nok\n\xff\n', 'latin1'));
    expect((await read({ format: 'csv' })).map(({ error }) => error === undefined)).toEqual([true, false]);
    expect((await read({ format: 'ndjson' }))[2]?.error?.message).toContain('not UTF-8');
  });

  test('casts cells, takes an empty one as null, and marks what cannot be cast', async () => {
    const csvTypes = { i: 'integer', n: 'number', b: 'boolean', j: 'json' };
    await writeFile(
      path,
      'i,n,b,j,s\n-7,1.5e3,TRUE,"{""x"":[1]}",1\n,,,,\n1.5,1,true,1,x\n1,x,true,1,x\n1,1,constructor,1,x\n1,1,0,{,x\n9007199254740993,1,0,1,x\n',
    );
    const rows = await read({ format: 'csv', csvTypes });
    expect(rows.slice(0, 2).map(({ value }) => value)).toEqual([
      { i: -7, n: 1500, b: true, j: { x: [1] }, s: '1' },
      { i: null, n: null, b: null, j: null, s: '' },
    ]);
    expect(rows.slice(2).map(({ error }) => error?.message.replace(/.*column /, ''))).toEqual([
      'i that is no integer',
      'n that is no number',
      'b that is no boolean',
      'j that is no json',
      'i that is no integer',
    ]);
  });

  test('takes the key from a field, and marks a record that lacks it', async () => {
    await writeFile(path, '{"id":"a"}\n{"id":12345678901234567}\n{}\n{"id":{}}\n');
    const records = await read({ format: 'ndjson', keyField: 'id' });
    expect(records.map(({ key, error }) => [key, error === undefined])).toEqual([
      ['a', true],
      ['12345678901234567', true],
      ['data.txt_3', false],
      ['data.txt_4', false],
    ]);
  });

  test('reads a CSV file without header row, with another delimiter', async () => {
    await writeFile(path, '1;a,b\n2;c\n');
    const rows = await read({ format: 'csv', csvColumns: 'id, text', csvDelimiter: ';' });
    expect(rows.map(({ value }) => value)).toEqual([
      { id: '1', text: 'a,b' },
      { id: '2', text: 'c' },
    ]);
  });

  test('stops when the header row lacks a column that the config names', async () => {
    await writeFile(path, 'a,b\n1,2\n');
    await expect(read({ format: 'csv', keyField: 'id' })).rejects.toEqual(
      code('PIO_SOURCE_RECORD_INVALID', 'no column id'),
    );
    await writeFile(path, 'a,a\n1,2\n');
    await expect(read({ format: 'csv' })).rejects.toEqual(code('PIO_SOURCE_RECORD_INVALID', 'twice'));
  });

  test('takes an unfinished last line only when told so', async () => {
    await writeFile(path, 'a\nb');
    expect((await read()).map(textOf)).toEqual(['a']);
    expect((await read({ lastLine: 'take' })).map(textOf)).toEqual(['a', 'b']);
  });

  describe('notices that the file is another one', () => {
    const resume = async (change: () => Promise<void>): Promise<unknown> => {
      const lines = Array.from({ length: 400 }, (_, n) => `a line with the number ${n}\n`);
      await writeFile(path, lines.join(''));
      const position = (await read())[350]?.position;
      await change();
      return readAll(await open({ path }), 'data.txt', position).catch((error: unknown) => error);
    };
    const changed = code('PIO_SOURCE_CHANGED', path);

    test('when it was truncated', async () => {
      expect(await resume(() => truncate(path, 1_000))).toEqual(changed);
    });
    test('when it was truncated to nothing, and when it is empty', async () => {
      expect(await resume(() => truncate(path, 0))).toEqual(changed);
    });
    test('when another of the same length took its place', async () => {
      expect(await resume(() => writeFile(path, 'x'.repeat(20_000)))).toEqual(changed);
    });
    test('when its first bytes were edited', async () => {
      expect(await resume(() => writeFile(path, `A${'a line'.repeat(4_000)}`))).toEqual(changed);
    });
    test('when only its first byte was edited', async () => {
      const lines = Array.from({ length: 400 }, (_, n) => `${n === 0 ? 'A' : 'a'} line with the number ${n}\n`);
      expect(await resume(() => writeFile(path, lines.join('')))).toEqual(changed);
    });
    test('when only bytes before the position were edited', async () => {
      const lines = Array.from({ length: 400 }, (_, n) => `a line with the number ${n === 350 ? 'xyz' : n}\n`);
      expect(await resume(() => writeFile(path, lines.join('')))).toEqual(changed);
    });
    test('but not when it was copied, touched or appended to', async () => {
      const same = await resume(async () => {
        await rename(path, `${path}.1`);
        await writeFile(path, Array.from({ length: 401 }, (_, n) => `a line with the number ${n}\n`).join(''));
      });
      expect(same).toHaveLength(50);
    });
  });

  test('refuses compressed files', async () => {
    await writeFile(path, gzipSync('text\n'));
    await expect(read()).rejects.toEqual(code('PIO_SOURCE_RECORD_INVALID', 'unpack'));
  });

  test('says PIO_SOURCE_UNAVAILABLE for a file or directory that is not there', async () => {
    await expect(read()).rejects.toEqual(code('PIO_SOURCE_UNAVAILABLE', 'ENOENT'));
    const source = await open({ inputDirectory: join(folder.path, 'none') });
    await expect(source.partitions(running())).rejects.toEqual(code('PIO_SOURCE_UNAVAILABLE', 'none'));
  });

  test('lists the files that the filters select, by their paths', async () => {
    await mkdir(join(folder.path, 'sub/deep'), { recursive: true });
    await mkdir(join(folder.path, 'other'));
    for (const name of ['b.log', 'a.log', '.hidden.log', 'c.txt', 'sub/d.log', 'sub/deep/e.log', 'other/f.log'])
      await writeFile(join(folder.path, name), 'x\n');
    await writeFile(join(folder.path, 'empty.log'), '');
    await symlink(join(folder.path, 'sub'), join(folder.path, 'link'));
    await utimes(join(folder.path, 'b.log'), 1_000, 1_000);
    const list = async (more: Record<string, unknown>) =>
      (await open({ inputDirectory: folder.path, ...more })).partitions(running());
    expect(await list({ fileFilter: '.*\\.log' })).toEqual([
      'a.log',
      'b.log',
      'other/f.log',
      'sub/d.log',
      'sub/deep/e.log',
    ]);
    expect(await list({ fileFilter: '.*\\.log', recurse: false })).toEqual(['a.log', 'b.log']);
    expect(await list({ pathFilter: 'sub(/.*)?' })).toEqual(['a.log', 'b.log', 'c.txt', 'sub/d.log', 'sub/deep/e.log']);
    expect(await list({ fileFilter: 'log' })).toEqual([]);
    expect(await list({ recurse: false, ignoreHiddenFiles: false, fileFilter: '.*', minimumSize: 0 })).toEqual([
      '.hidden.log',
      'a.log',
      'b.log',
      'c.txt',
      'empty.log',
    ]);
    expect(await list({ recurse: false, minimumFileAge: 3_600_000 })).toEqual(['b.log']);
    expect(await list({ recurse: false, maximumFileAge: 3_600_000 })).toEqual(['a.log', 'c.txt']);
    expect(await list({ maximumSize: 1 })).toEqual([]);
  });

  test('never reads outside its directory', async () => {
    const source = await open({ inputDirectory: folder.path });
    for (const name of ['../etc/passwd', '/etc/passwd', '..', ''])
      await expect(readAll(source, name)).rejects.toEqual(code('PIO_SOURCE_CHANGED', 'not below'));
  });

  test('gives every byte of any text back: a property', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'binary', maxLength: 40 }).map((it) => it.replaceAll(/[\r\n]/g, '')),
          { maxLength: 30 },
        ),
        fc.boolean(),
        async (lines, isCrLf) => {
          await writeFile(path, lines.map((line) => line + (isCrLf ? '\r\n' : '\n')).join(''));
          const expected = lines.map((it) => Buffer.from(it)).filter(({ length }) => length > 0);
          const bom = expected[0]?.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
          fc.pre(!bom);
          expect((await read()).map(textOf)).toEqual(expected.map(String));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('reads any table that is written as CSV: a property', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ž'), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), async (rows) => {
        await writeFile(
          path,
          `x,y\n${rows.map((row) => `${row.map((it) => `"${it.replaceAll('"', '""')}"`).join(',')}\n`).join('')}`,
        );
        expect((await read({ format: 'csv' })).map(({ value }) => value)).toEqual(rows.map(([x, y]) => ({ x, y })));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the config of the file source', () => {
  test("takes Pulsar's config as far as it means the same", () => {
    expect(
      problemsOf(fileSource, {
        inputDirectory: '/in',
        recurse: 'true',
        keepFile: true,
        fileFilter: '.*',
        numWorkers: 3,
        pollingInterval: '100',
      }),
    ).toEqual([]);
  });

  test('refuses what would change the meaning, and says where', () => {
    expect(problemsOf(fileSource, {})).toEqual(['/configs/path']);
    expect(problemsOf(fileSource, { inputDirectory: '/in', path: '/in/a' })).toEqual(['/configs/path']);
    expect(problemsOf(fileSource, { path: 'a', keepFile: false, processedFileSuffix: '.done' })).toEqual([
      '/configs/keepFile',
      '/configs/processedFileSuffix',
    ]);
    expect(problemsOf(fileSource, { path: 'a', fileFilter: '(', pathFilter: '[' })).toEqual([
      '/configs/fileFilter',
      '/configs/pathFilter',
    ]);
    expect(problemsOf(fileSource, { path: 'a', keyField: 'id', csvTypes: { a: 'integer' } })).toEqual([
      '/configs/keyField',
      '/configs/format',
    ]);
    expect(problemsOf(fileSource, { path: 'a', format: 'csv', csvDelimiter: '"' })).toEqual(['/configs/csvDelimiter']);
    expect(problemsOf(fileSource, { path: 'a', format: 'csv', csvColumns: 'a,a', keyField: 'b' })).toEqual([
      '/configs/csvColumns',
      '/configs/csvColumns',
    ]);
    expect(problemsOf(fileSource, { path: 'a', lastLine: 'take' }, 'EFFECTIVELY_ONCE')).toEqual(['/configs/lastLine']);
    expect(problemsOf(fileSource, { path: 'a', format: 'xml' })).toEqual(['/configs/format']);
  });
});
