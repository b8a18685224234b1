import type { ClientContext } from './client-context.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { Message } from './message.ts';
import type { ValueReader } from './message-values.ts';

/** Gives messages to a listener one at a time, until the consumer ends. What the listener throws is logged. */
export async function runListener(
  group: ConsumerGroup,
  context: ClientContext,
  values: ValueReader,
  listener: (message: Message) => unknown,
): Promise<void> {
  for (;;) {
    let message: Message;
    try {
      message = new Message(group.takeNow() ?? (await group.receive()), values);
    } catch {
      return;
    }
    try {
      await listener(message);
    } catch (error) {
      context.log('ERROR', `a message listener failed: ${error instanceof Error ? error.message : error}`);
    }
  }
}
