import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const howToInstall = {
  java: 'a Java 17 runtime, e.g. `apt-get install openjdk-17-jre-headless`',
  mvn: 'Maven, e.g. `apt-get install maven`',
  go: 'Go, e.g. `apt-get install golang-go`',
  python3: 'Python 3 with venv, e.g. `apt-get install python3 python3-venv`',
  'redis-server': 'Redis, e.g. `apt-get install redis-server`',
  'rabbitmq-server': 'RabbitMQ, e.g. `apt-get install rabbitmq-server`',
} as const;

/** A command that a service needs on PATH. */
export type Tool = keyof typeof howToInstall;

/** A service cannot be had on this machine; the message says what to install. Suites skip on it, except in CI. */
export class ServiceUnavailableError extends Error {
  override readonly name = 'ServiceUnavailableError';
}

/** Throws `ServiceUnavailableError` naming each missing command and how to get it. */
export const requireTools = (service: string, tools: readonly Tool[]): void => {
  const missing = tools.filter((tool) => !isOnPath(tool));
  if (missing.length === 0) return;
  const advice = missing.map((tool) => `${tool} (install ${howToInstall[tool]})`).join(', ');
  throw new ServiceUnavailableError(`${service} needs ${advice}`);
};

const isOnPath = (tool: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && isExecutable(join(folder, tool)));

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
