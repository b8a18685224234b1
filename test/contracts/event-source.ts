import { describe, expect, test } from '@jest/globals';
import type { EventSourceType, HttpEvent } from '../../src/core/connector-type.ts';

/** What an event source's suite gives the contract. */
export interface EventHarness {
  readonly type: EventSourceType;
  /** A validated configuration. */
  readonly config: never;
  /** An event whose one record holds these bytes. */
  event(bytes: Buffer): HttpEvent;
  /** An event that is refused; it holds the word `sekrit`. */
  readonly refused: HttpEvent;
}

/** The laws of every event source: a pure function from event to records. */
export const eventSourceContract = (name: string, { type, config, event, refused }: EventHarness): void => {
  describe(`${name} as an event source`, () => {
    const map = (of: HttpEvent) => type.map(of, config);
    const bytes = [
      Buffer.from('žluť 🐎\u0000'),
      Buffer.from([0, 255, 254, 10, 13]),
      Buffer.alloc(0),
      Buffer.alloc(200_000, 'x'),
    ];

    test.each(bytes.map((it) => [it.subarray(0, 8).toString('hex'), it.length, it] as const))(
      'gives the bytes %s… (%d) as they came',
      (_, __, it) => {
        const records = map(event(it));
        expect(records).toHaveLength(1);
        expect(Buffer.from(records[0]?.value as Uint8Array).equals(it)).toBe(true);
      },
    );

    test('gives the same records for the same event, and does not change it', () => {
      const given = event(Buffer.from('{"a":1}'));
      const before = structuredClone(given);
      const first = map(given);
      expect(map(given)).toEqual(first);
      expect(structuredClone(given)).toEqual(before);
    });

    test('refuses an event as a whole, and quotes nothing of it', () => {
      const attempt = (): unknown => {
        try {
          return map(refused);
        } catch (error) {
          return error;
        }
      };
      const error = attempt();
      expect(error).toMatchObject({
        code: expect.stringMatching(/^PIO_(SOURCE_RECORD_INVALID|RECORD_TOO_LARGE|UNAUTHORIZED)$/),
      });
      for (let cause = error; cause instanceof Error; cause = cause.cause)
        expect(cause.message).not.toContain('sekrit');
    });
  });
};
