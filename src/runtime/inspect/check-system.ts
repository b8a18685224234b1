import { good } from '../../core/findings.ts';
import type { Finding } from '../../core/inspection.ts';
import { step } from './findings.ts';
import type { Inspection } from './inspection.ts';
import { withOpen } from './with-open.ts';

/** Opens the connector as a run does and closes it again: address, credentials, and what the type looks at when it opens. Throws `InspectionEnd`. */
export const checkSystem = async (inspection: Inspection): Promise<readonly Finding[]> => {
  const { type, config, context, signal } = inspection;
  if (type.kind === 'sink') {
    return withOpen(
      inspection,
      () => type.open(config, context),
      async () => [good('system', `${type.name} was opened`)],
    );
  }
  if (type.source === 'event')
    return [good('system', `${type.name} waits for requests; there is nothing to connect to`)];
  if (type.source === 'queue') {
    return withOpen(
      inspection,
      () => type.open(config, context),
      async () => [good('system', `${type.name} was opened, and nothing received`)],
    );
  }
  if (type.source === 'batch') {
    return withOpen(
      inspection,
      () => type.open(config, context),
      async (source) => {
        const found = await step('system', signal, 'discovering tasks', async () => {
          for await (const page of source.discover(inspection.deps.clock.nowMs(), undefined, signal))
            return page.length;
          return 0;
        });
        return [good('system', `${type.name} was opened: ${found} task(s) on the first page of a discovery`)];
      },
    );
  }
  return withOpen(
    inspection,
    () => type.open(config, context),
    async (source) => {
      const partitions = await step('system', signal, 'listing source partitions', () => source.partitions(signal));
      const [first] = partitions;
      if (first === undefined) return [good('system', `${type.name} was opened; there is nothing to read yet`)];
      await step('system', signal, `reading ${first}`, async () => {
        for await (const _ of source.read(first, undefined, signal)) break;
      });
      return [
        good('system', `${type.name} was opened: ${partitions.length} source partition(s), ${first} can be read`),
      ];
    },
  );
};
