/** Why `npm start` cannot go on, in words for whoever typed it. */
export class StartError extends Error {
  /** 1: something is in the way; 2: the command line is wrong. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StartError';
    this.exitCode = options.exitCode ?? 1;
  }
}
