/** Levels of log lines, with the numbers of npm `pulsar-client`. */
export const LogLevel = {
  DEBUG: 0,
  INFO: 1,
  WARN: 2,
  ERROR: 3,
  toString(level: number): string {
    return ['DEBUG', 'INFO', 'WARN', 'ERROR'][level] ?? String(level);
  },
} as const;
/** One of the numbers of {@link LogLevel}. */
export type LogLevel = 0 | 1 | 2 | 3;
/** Names of {@link LogLevel}, by which the client's own code logs. */
export type LogLevelName = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** Receives log lines: level number, file, line, message. */
export type LogHandler = (level: LogLevel, file: string, line: number, message: string) => void;

/** The default handler: standard error. */
export const consoleHandler: LogHandler = (level, _file, _line, message) => {
  console.error(`pulsar ${LogLevel.toString(level)} ${message}`);
};
