import { parseArgs } from 'node:util';
import { startBroker } from './index.ts';

/**
 * `node main.ts --data DIR [--host H] [--port N] [--http-port N] [--cursor-flush-ms N] [--liveness-check-ms N] [--verbose]`: a broker as a process
 * of its own. Prints one line of JSON when it is ready; SIGINT and SIGTERM stop it cleanly.
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '6650' },
    'http-port': { type: 'string', default: '8080' },
    'cursor-flush-ms': { type: 'string', default: '1000' },
    'liveness-check-ms': { type: 'string', default: '5000' },
    verbose: { type: 'boolean', default: false },
  },
});

if (values.data === undefined) {
  console.error('--data DIR is required: where the broker keeps its state');
  process.exit(2);
}

try {
  const broker = await startBroker({
    dataDir: values.data,
    host: values.host,
    port: Number(values.port),
    httpPort: Number(values['http-port']),
    cursorFlushMs: Number(values['cursor-flush-ms']),
    livenessCheckMs: Number(values['liveness-check-ms']),
    ...(values.verbose && { onLog: (line: string) => console.error(line) }),
  });
  const { serviceUrl, adminUrl, port, httpPort } = broker;
  console.log(JSON.stringify({ serviceUrl, adminUrl, port, httpPort, pid: process.pid }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      broker.stop().then(() => process.exit(0));
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
