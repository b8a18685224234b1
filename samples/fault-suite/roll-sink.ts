import { defineSink, PulsarIoError, type SinkRecord, Type, WRITTEN } from 'pulsar-io-serverless/connector';

const config = Type.Object({ roll: Type.String({ description: 'Roll of paper.' }) });

/** A roll of paper: nothing on it is ever taken back. It does not take what is torn, until somebody mends it. */
export interface Roll {
  readonly lines: string[];
  takesAll: boolean;
}

const rolls = new Map<string, Roll>();

/** A fresh roll, and its name. */
export const newRoll = (): { readonly name: string; readonly roll: Roll } => {
  const [name, roll] = [`roll ${rolls.size}`, { lines: [], takesAll: false }];
  rolls.set(name, roll);
  return { name, roll };
};

/** Prints each record on a roll of paper: a target without transactions and versions. */
export const rollSink = defineSink<typeof config>({
  name: 'roll',
  summary: 'Prints records.',
  className: 'RollSink',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  accepts: 'text',
  config,
  open: async ({ roll: name }) => {
    const roll = rolls.get(name);
    if (!roll) throw new PulsarIoError('PIO_SINK_UNAVAILABLE', `there is no ${name}`);
    const print = ({ value }: SinkRecord) => {
      const text = String(value);
      if (text.startsWith('torn') && !roll.takesAll)
        return {
          ok: false as const,
          error: new PulsarIoError('PIO_SINK_REJECTED', `${name} does not take what is torn`),
        };
      roll.lines.push(text);
      return WRITTEN;
    };
    return { write: async (records) => records.map(print), close: async () => undefined };
  },
});
