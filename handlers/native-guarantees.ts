import { PulsarIoError } from '../src/core/errors.ts';
import type { Guarantee } from '../src/core/guarantee.ts';
import { GUARANTEE_KEEPERS, type Guarantees } from '../src/delivery/pipeline.ts';

const refuse = (guarantee: Guarantee) => (): never => {
  throw new PulsarIoError(
    'PIO_GUARANTEE_REFUSED',
    `${guarantee} cannot be held with PULSAR_CLIENT=native: that client sends again by itself and does not tell what the broker holds. Unset PULSAR_CLIENT, or use ATLEAST_ONCE`,
  );
};

const { source, queue, sink } = GUARANTEE_KEEPERS;

const refused = (guarantee: Guarantee) => ({
  source: { resumes: false, middleware: refuse(guarantee) },
  queue: { remembers: false, middleware: refuse(guarantee) },
  sink: { keepsFrontier: false, namesDeadLetters: false, middleware: refuse(guarantee) },
});
const [atMost, effectively] = [refused('ATMOST_ONCE'), refused('EFFECTIVELY_ONCE')];

/** The guarantees that hold over npm `pulsar-client`: ATLEAST_ONCE. The others throw `PIO_GUARANTEE_REFUSED` before anything is published, written or settled. */
export const NATIVE_GUARANTEES: Guarantees = {
  source: { ATLEAST_ONCE: source.ATLEAST_ONCE, ATMOST_ONCE: atMost.source, EFFECTIVELY_ONCE: effectively.source },
  queue: { ATLEAST_ONCE: queue.ATLEAST_ONCE, ATMOST_ONCE: atMost.queue, EFFECTIVELY_ONCE: effectively.queue },
  sink: { ATLEAST_ONCE: sink.ATLEAST_ONCE, ATMOST_ONCE: atMost.sink, EFFECTIVELY_ONCE: effectively.sink },
};
