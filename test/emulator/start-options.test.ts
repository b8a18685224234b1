import { describe, expect, test } from '@jest/globals';
import { readOptions } from '../../src/emulator/offline/options.ts';
import { StartError } from '../../src/emulator/offline/start-error.ts';

describe('options of npm start', () => {
  test('have the ports where pulsar-admin and clients look, and keep the state in .data', () => {
    expect(readOptions([], {})).toEqual({
      port: 8080,
      brokerPort: 6650,
      dataDir: `${process.cwd()}/.data`,
      hasSamples: true,
    });
  });

  test('are read from the command line', () => {
    const argv = ['--port', '0', '--broker-port=7000', '--data', '/tmp/x', '--no-samples'];
    expect(readOptions(argv, {})).toEqual({ port: 0, brokerPort: 7000, dataDir: '/tmp/x', hasSamples: false });
  });

  test('name a cluster of the user by the environment', () => {
    const env = { PULSAR_SERVICE_URL: 'pulsar+ssl://broker:6651', PULSAR_ADMIN_URL: 'https://broker:8443' };
    expect(readOptions([], env)).toMatchObject({
      cluster: { serviceUrl: 'pulsar+ssl://broker:6651', adminUrl: 'https://broker:8443' },
    });
  });

  test.each([
    [['--bogus'], {}, "Unknown option '--bogus'"],
    [['extra'], {}, "Unexpected argument 'extra'"],
    [['--port', '80a'], {}, '--port needs a number from 0 to 65535, not "80a"'],
    [['--broker-port', '65536'], {}, '--broker-port needs a number from 0 to 65535, not "65536"'],
    [['--data', ''], {}, '--data needs the name of a folder'],
    [[], { PULSAR_SERVICE_URL: 'localhost:6650' }, 'it must look like pulsar://host:6650'],
    [[], { PULSAR_ADMIN_URL: 'http://host:8080' }, 'PULSAR_ADMIN_URL is set without PULSAR_SERVICE_URL'],
  ])('%j with %j are refused', (argv, env, message) => {
    const read = () => readOptions(argv, env);
    expect(read).toThrow(StartError);
    expect(read).toThrow(message);
    expect(read).toThrow('--help');
  });
});
