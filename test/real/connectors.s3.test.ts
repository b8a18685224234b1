import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { s3Source } from '../../src/connectors/s3/source.ts';
import { concurrently } from '../../src/core/concurrently.ts';
import type { BatchSourceType, BatchTask, OpenBatchSource, TaskRecord } from '../../src/core/connector-type.ts';
import type { Position } from '../../src/core/position.ts';
import { configOf, context } from '../connectors/open.ts';
import { describeReal, useMoto } from '../services/index.ts';

const running = () => new AbortController().signal;
const type = s3Source as BatchSourceType;

describeReal('S3 on a server that speaks its protocol', ['moto'], () => {
  let client: S3Client;
  let bucket: string;
  beforeAll(() => {
    const { endpoint, region, credentials } = useMoto();
    client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  });
  afterAll(() => client.destroy());
  beforeEach(async () => {
    bucket = `b-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });

  const configs = (more: Record<string, unknown> = {}) => {
    const { endpoint, region, credentials } = useMoto();
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
    return {
      awsEndpoint: endpoint,
      awsRegion: region,
      awsCredentialPluginParam: JSON.stringify({ accessKey, secretKey }),
      bucket,
      ...more,
    };
  };
  const open = (more?: Record<string, unknown>) => type.open(configOf(type, configs(more)), context());
  const put = async (Key: string, Body: string | Buffer) => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(Body) }));
  };
  const discover = async (source: OpenBatchSource, sinceMs?: number): Promise<BatchTask[]> => {
    const tasks: BatchTask[] = [];
    for await (const page of source.discover(Date.now(), sinceMs, running())) tasks.push(...page);
    return tasks;
  };
  const readFrom = async (source: OpenBatchSource, task: BatchTask, from?: Position): Promise<TaskRecord[]> => {
    const records: TaskRecord[] = [];
    for await (const page of source.read(task.task, from, running())) records.push(...page);
    return records;
  };
  const theOnly = async (source: OpenBatchSource): Promise<BatchTask> => {
    const [task, ...others] = await discover(source);
    expect(others).toEqual([]);
    return task as BatchTask;
  };
  const texts = (records: readonly TaskRecord[]) => records.map(({ value }) => String(value));

  test('discovers what the configuration selects, each version under its own id', async () => {
    for (const key of ['in/a.txt', 'in/b.csv', 'out/c.txt', 'in/sub/']) await put(key, key.endsWith('/') ? '' : key);
    const source = await open({ prefix: 'in/', suffix: '.txt' });
    const [before] = await discover(source);
    expect(before?.task).toMatchObject({ key: 'in/a.txt', size: 8 });
    await put('in/a.txt', 'other');
    const [after] = await discover(source);
    expect(after?.id).not.toBe(before?.id);
    expect(await discover(source, Date.now() + 25 * 3_600_000)).toEqual([]);
    await source.close();
  });

  test('lists more objects than one answer holds', async () => {
    const keys = Array.from({ length: 1_005 }, (_, i) => `k${i}`);
    await concurrently(keys, 40, (key) => put(key, 'x'));
    const source = await open();
    expect(await discover(source)).toHaveLength(1_005);
    await source.close();
  }, 240_000);

  test('reads an object of several megabytes range by range, and goes on from any position', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 120)}`);
    await put('large', `${lines.join('\n')}`);
    const source = await open();
    const task = await theOnly(source);
    const records = await readFrom(source, task);
    expect(texts(records)).toEqual(lines);
    for (const at of [0, 1, 17_000, 39_998, 39_999])
      expect(texts(await readFrom(source, task, records[at]?.position))).toEqual(lines.slice(at + 1));
    await source.close();
  }, 240_000);

  test('reads NDJSON and CSV, and tells of a line that is none', async () => {
    await put('a', '{"id":"1"}\nno\n{"id":"2"}');
    const ndjson = await open({ format: 'ndjson', keyField: 'id' });
    const records = await readFrom(ndjson, await theOnly(ndjson));
    expect(records.map(({ key, error }) => error?.message ?? key)).toEqual([
      '1',
      expect.stringContaining('a, record 2 at byte 11: the line is not JSON'),
      '2',
    ]);
    expect(records[0]?.properties).toMatchObject({ 's3.bucket': bucket, 's3.key': 'a' });
    await ndjson.close();
    await put('a', 'id,n\n1,5\n2,6\n');
    const csv = await open({ format: 'csv', csvTypes: { n: 'integer' } });
    const rows = await readFrom(csv, await theOnly(csv));
    expect(rows.map(({ value }) => value)).toEqual([
      { id: '1', n: 5 },
      { id: '2', n: 6 },
    ]);
    await csv.close();
  });

  describe('of an object that is gone', () => {
    test.each(['deleted', 'replaced'])('before it was begun (%s) reads nothing', async (how) => {
      await put('a', 'one\ntwo\n');
      const source = await open();
      const task = await theOnly(source);
      if (how === 'deleted') await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
      else await put('a', 'three\nfour\n');
      expect(await readFrom(source, task)).toEqual([]);
      await source.close();
    });

    test.each(['deleted', 'replaced'])('while it was read (%s) tells so, once', async (how) => {
      await put('a', 'one\ntwo\n');
      const source = await open();
      const task = await theOnly(source);
      const [first] = await readFrom(source, task);
      if (how === 'deleted') await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
      else await put('a', 'three\nfour\n');
      const [problem, ...others] = await readFrom(source, task, first?.position);
      expect(problem?.error?.message).toContain('was deleted or replaced while it was read');
      expect(others).toEqual([]);
      expect(await readFrom(source, task, problem?.position)).toEqual([]);
      await source.close();
    });
  });

  test('tells of an archive instead of reading it', async () => {
    await put('a.gz', Buffer.from([0x1f, 0x8b, 8, 0]));
    const source = await open();
    const [problem] = await readFrom(source, await theOnly(source));
    expect(problem?.error?.message).toContain('is a gzip or zip archive');
    await source.close();
  });

  test('says what is wrong with a bucket that is not there, or a server that does not answer', async () => {
    const nowhere = await open({ bucket: 'no-such-bucket-here' });
    await expect(discover(nowhere)).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
    await nowhere.close();
    const away = await open({ awsEndpoint: 'http://127.0.0.1:9' });
    await expect(discover(away)).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    await away.close();
  }, 30_000);
});
