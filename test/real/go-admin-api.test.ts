import { expect, jest, test } from '@jest/globals';
import { SINK, SOURCE } from '../control-plane/harness.ts';
import { describeReal, startGoAdminApi } from '../services/index.ts';
import { useServedControlPlane } from './served-control-plane.ts';

jest.setTimeout(360_000);

describeReal("Pulsar's Go admin client, which pulsarctl is made of", ['goAdmin'], () => {
  const served = useServedControlPlane(startGoAdminApi);

  test.each([
    ['sources', 'Source', { ...SOURCE, name: 'g' }],
    ['sinks', 'Sink', { ...SINK, name: 'g', autoAck: true }],
  ] as const)('can call every method of %s', async (api, word, given) => {
    const called = new Set<string>();
    const config = { tenant: 'public', namespace: 'default', ...given, parallelism: 1 };
    const more = { ...config, parallelism: 2 };
    const [name, file, url] = [['public', 'default', 'g'], config.archive, 'http://127.0.0.1:1/x.nar'];
    for (const context of ['', 'WithContext']) {
      const to = (method: string, ...args: readonly unknown[]) => {
        called.add(`${method}${context}`);
        return served.client.call(api, `${method}${context}`, args);
      };
      const packages = expect.objectContaining({ status: 400, reason: expect.stringContaining('url is not valid') });
      const done = { result: null };
      expect(await to(`Create${word}WithURL`, config, url)).toEqual(packages);
      expect(await to(`Create${word}`, config, file)).toEqual(done);
      expect(await to(`Create${word}`, config, file)).toMatchObject({
        status: 400,
        reason: `${word} g already exists`,
      });
      expect(await to(`Update${word}WithURL`, config, url, null)).toEqual(packages);
      expect(await to(`Update${word}`, more, file, { updateAuthData: true })).toEqual(done);
      expect(await to(`Update${word}`, more, file, null)).toMatchObject({ reason: 'Update contains no change' });
      expect(await to(`Get${word}`, ...name)).toMatchObject({ result: more });
      for (const verb of ['Stop', 'Start', 'Restart']) {
        expect(await to(`${verb}${word}`, ...name)).toEqual(done);
        const again = verb === 'Restart' ? done : { status: 400, reason: 'Operation not permitted' };
        expect(await to(`${verb}${word}WithID`, ...name, 1)).toMatchObject(again);
      }
      expect(await to(`Get${word}Status`, ...name)).toMatchObject({ result: { numInstances: 2 } });
      expect(await to(`Get${word}StatusWithID`, ...name, 1)).toMatchObject({ result: { running: true } });
      expect(await to(`List${word}s`, 'public', 'default')).toEqual({ result: ['g'] });
      const type = config.archive.slice('builtin://'.length);
      expect(await to(`GetBuiltIn${word}s`)).toMatchObject({
        result: expect.arrayContaining([expect.objectContaining({ name: type })]),
      });
      expect(await to(`ReloadBuiltIn${word}s`)).toEqual(done);
      expect(await to(`Delete${word}`, ...name)).toEqual(done);
      expect(await to(`Get${word}`, ...name)).toMatchObject({ status: 404, reason: `${word} g doesn't exist` });
    }
    const methods = await served.client.methods(api);
    expect(methods.filter((method) => !called.has(method))).toEqual([]);
    expect(methods.length).toBeGreaterThan(30);
  });
});
