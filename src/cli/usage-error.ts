/** What was typed cannot be meant: the message says what would be right, and nothing was sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
