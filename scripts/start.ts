import process from 'node:process';
import { run } from '../src/emulator/offline/run.ts';

process.exit(await run(process.argv.slice(2)));
