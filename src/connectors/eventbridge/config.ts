import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { choice, strictObject } from '../config.ts';

const DAY_MS = 86_400_000;

/** Longest that the same event may come again: EventBridge tries for a day, Lambda for six hours, and who sends a failed invocation again has 14 days (AWS: "Retrying event delivery"). */
export const MAX_REPEAT_MS = 14 * DAY_MS;
/** What is asked for: a day more, in days. */
const SAFE_DAYS = 15;

/** Config of the EventBridge source. */
export const eventbridgeConfig = strictObject({
  eventSource: Type.String({
    pattern: '^[A-Za-z0-9_.:/ -]{1,256}$',
    description:
      'The `source` of the events that are published, e.g. `com.example.orders`. One source connector for each; a rule of EventBridge sends them to the function `queue-source`.',
  }),
  content: choice(['event', 'detail'], {
    default: 'event',
    description: 'What is published, as JSON: the whole event, or its `detail` alone.',
  }),
  keyField: Type.Optional(
    Type.String({ minLength: 1, description: 'Field of `detail` that becomes the key: a text, number or boolean.' }),
  ),
  idField: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Field of `detail` with the id its sender gave the event, by which repetitions are told. Absent: the `id` of EventBridge, which is another one when the sender puts the event again.',
    }),
  ),
  rememberDays: Type.Integer({
    minimum: 1,
    maximum: 400,
    default: SAFE_DAYS,
    description: `How long ids are remembered, in days. EFFECTIVELY_ONCE and ATMOST_ONCE need ${SAFE_DAYS}.`,
  }),
});

/** Validated configuration of the EventBridge source. */
export type EventbridgeConfig = Static<typeof eventbridgeConfig>;

/** How long ids are remembered, in milliseconds. */
export const rememberMs = ({ rememberDays }: EventbridgeConfig): number => rememberDays * DAY_MS;

/** Cross-field rules: a guarantee that rests on ids needs them for as long as an event may come again. */
export const checkEventbridge = ({ rememberDays }: EventbridgeConfig, guarantee: Guarantee): Problem[] =>
  guarantee === 'ATLEAST_ONCE' || rememberDays >= SAFE_DAYS
    ? []
    : [
        {
          path: '/configs/rememberDays',
          message: `must be at least ${SAFE_DAYS}: an event that failed lies in the queue of failed invocations for 14 days, and may be sent again`,
        },
      ];
