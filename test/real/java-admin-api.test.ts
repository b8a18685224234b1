import { expect, jest, test } from '@jest/globals';
import { DIFFERENCES } from '../control-plane/differences.ts';
import { SINK, SOURCE } from '../control-plane/harness.ts';
import { applyToBroker, load, normal, OURS } from '../control-plane/replay.ts';
import { type AdminApiAnswer, describeReal, startPulsarAdminApi } from '../services/index.ts';
import { canSay, type JavaCall, javaCallOf, objectOf } from './java-admin-calls.ts';
import { useServedControlPlane } from './served-control-plane.ts';

jest.setTimeout(360_000);

/** Steps that we answer otherwise: what is said of them is tested over HTTP. */
const DIFFERENT = new Set(
  DIFFERENCES.flatMap(({ steps, ours }) => {
    const [file = '', first = ''] = steps.split('#');
    return ours.map((_, index) => `${file}#${Number.parseInt(first, 10) + index}`);
  }),
);

const expectRecorded = (answer: AdminApiAnswer, { status, body }: { status: number; body: string }): void => {
  if (status >= 400) expect(answer).toMatchObject({ status, ...objectOf(body) });
  else if (body === '') expect(answer).toEqual({ result: null });
  else expect(normal(JSON.stringify(answer))).toEqual({ result: normal(body) });
};

describeReal("Pulsar's Java admin API", ['javaClient'], () => {
  const served = useServedControlPlane(startPulsarAdminApi);
  const called = new Set<string>();

  const call = async ({ api, method, args }: JavaCall): Promise<AdminApiAnswer> => {
    called.add(`${method}/${args.length}`);
    return served.client.call(api, method, args);
  };

  /** What is wrong with the answers that Java gets, one call as it is and the next by its future. */
  const replay = async (file: 'sources' | 'sinks') => {
    const failures: string[] = [];
    let compared = 0;
    for (const { n, label, exchanges } of load(file)) {
      for (const { request, response } of exchanges) {
        const same = javaCallOf(request);
        if (!OURS.test(request.path)) applyToBroker(served.controlPlane, request);
        else if (!same || DIFFERENT.has(`${file}#${n}`) || !(await canSay(served.client, same)))
          await served.controlPlane.send(request);
        else {
          const answer = await call(n % 2 === 0 ? same : { ...same, method: `${same.method}Async` });
          if (response.withheld) continue;
          compared++;
          try {
            expectRecorded(answer, response);
          } catch (error) {
            failures.push(`${file}#${n} ${label}: ${(error as Error).message}`);
          }
        }
      }
    }
    return { failures, compared };
  };

  test('gets the answers of a real worker to the recorded requests', async () => {
    const results = [await replay('sources'), await replay('sinks')];
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { compared } of results) expect(compared).toBeGreaterThan(180);
  });

  test.each([
    ['sources', 'Source', { ...SOURCE, name: 'j' }],
    ['sinks', 'Sink', { ...SINK, name: 'j' }],
  ] as const)('can call every method of %s', async (api, word, given) => {
    const config = { tenant: 'public', namespace: 'default', ...given };
    const url = 'http://127.0.0.1:1/x.nar';
    const options = { updateAuthData: true };
    for (const future of ['', 'Async']) {
      const to = (method: string, ...args: readonly unknown[]) => call({ api, method: `${method}${future}`, args });
      const packages = expect.objectContaining({ status: 400, reason: expect.stringContaining('url is not valid') });
      expect(await to(`create${word}WithUrl`, config, url)).toEqual(packages);
      expect(await to(`create${word}`, config, null)).toEqual({ result: null });
      expect(await to(`update${word}WithUrl`, config, url)).toEqual(packages);
      expect(await to(`update${word}WithUrl`, config, url, options)).toEqual(packages);
      expect(await to(`update${word}`, { ...config, parallelism: 2 }, null)).toEqual({ result: null });
      expect(await to(`update${word}`, { ...config, parallelism: 2 }, null, options)).toEqual({ result: null });
      const name = ['public', 'default', 'j'];
      expect(await to(`get${word}`, ...name)).toMatchObject({ result: { parallelism: 2 } });
      for (const verb of ['stop', 'start', 'restart']) {
        expect(await to(`${verb}${word}`, ...name)).toEqual({ result: null });
        expect(await to(`${verb}${word}`, ...name, 1)).toEqual(
          verb === 'restart' ? { result: null } : expect.objectContaining({ reason: 'Operation not permitted' }),
        );
      }
      expect(await to(`get${word}Status`, ...name)).toMatchObject({ result: { numInstances: 2 } });
      expect(await to(`get${word}Status`, ...name, 1)).toMatchObject({ result: { running: true } });
      expect(await to(`list${word}s`, 'public', 'default')).toEqual({ result: expect.arrayContaining(['j']) });
      expect(await to(`getBuiltIn${word}s`)).toEqual({
        result: expect.arrayContaining([expect.objectContaining({ name: config.archive.slice('builtin://'.length) })]),
      });
      expect(await to(`reloadBuiltIn${word}s`)).toEqual({ result: null });
      expect(await to(`delete${word}`, ...name)).toEqual({ result: null });
    }
    const methods = await served.client.methods(api);
    expect(methods.filter((method) => !called.has(method))).toEqual([]);
    expect(methods.length).toBeGreaterThan(35);
  });
});
