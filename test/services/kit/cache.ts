import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder for what is downloaded once per machine (jars, virtual environments): `$PIO_CACHE` or `~/.cache/pulsar-io-serverless`. */
export const cacheDir = (): string => process.env.PIO_CACHE ?? join(homedir(), '.cache', 'pulsar-io-serverless');
