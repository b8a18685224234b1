import { defineSink } from '../../core/connector-type.ts';
import { type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { strictObject } from '../config.ts';

const config = strictObject({});

/**
 * Takes every message and keeps nothing of it: to see what a topic, a transformation or this runtime can do without a target. What it has written cannot be
 * written twice, so the version that each record carries is trivially kept: EFFECTIVELY_ONCE holds as far as anybody can see.
 */
export const voidSink = defineSink<typeof config>({
  name: 'void',
  summary: 'Takes every message and keeps nothing',
  className: 'void',
  guarantees: ['ATMOST_ONCE', 'ATLEAST_ONCE', 'EFFECTIVELY_ONCE'],
  route: 'versioned',
  accepts: 'bytes',
  config,
  open: async () => ({
    write: async (records, signal) => {
      throwIfAborted(signal, 'taking messages');
      return records.map(() => WRITTEN);
    },
    describe: ({ topic, key }: SinkRecord) => ({ topic, key, kept: false }),
    close: async () => {},
  }),
});
