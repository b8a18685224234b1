import type { Absent } from './mutation.ts';

/** Defects that the code has no place for. */
export const ABSENT: readonly Absent[] = [
  {
    number: 11,
    defect: 'a zombie’s client sends again by itself after a reconnect',
    because:
      'a session neither reconnects nor sends again; “a disconnect surfaces everywhere, and nothing is sent again” holds it, and `SEND_TIMEOUT` of the source model shows what would follow',
  },
  {
    number: 12,
    defect: 'a send timeout of 30 s',
    because: 'a session has no send timeout; `SEND_TIMEOUT` of the source model shows what would follow',
  },
  {
    number: 13,
    defect: 'messages sent in chunks',
    because: 'a session cannot send chunks; “refuses before sending what cannot be one entry” holds it',
  },
];
