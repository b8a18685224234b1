import type { MessagingSession } from '../core/messaging.ts';
import { scheduleOf } from '../core/schedule.ts';
import type { Work } from './attempts.ts';
import type { RunContext, WorkEnd } from './run-deps.ts';
import { ServedTimes } from './served-times.ts';

/**
 * The same work at the times that a connector's schedule names, if it has one. A time is served when the work found nothing more to move; a run that is killed or fails
 * before serves it again. With none due the run ends at once, and says when the next one is.
 */
export const onSchedule =
  (work: Work): Work =>
  async (context: RunContext, session: MessagingSession): Promise<WorkEnd> => {
    const schedule = scheduleOf(context.connector.config);
    if (!schedule) return work(context, session);
    const times = await ServedTimes.open(context, schedule);
    for (let due = times.dueMs(); due !== undefined; due = times.dueMs()) {
      const done = await work(context, session);
      if (done.end !== 'idle') return done;
      await times.serve(due);
    }
    const nextRunInMs = times.nextInMs();
    return nextRunInMs === undefined ? { end: 'finished' } : { end: 'idle', nextRunInMs };
  };
