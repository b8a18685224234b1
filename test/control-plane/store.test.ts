import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openItemStore } from '../../src/stores/open.ts';
import { controlPlaneStoreContract } from '../contracts/control-plane-store.ts';

const file = join(mkdtempSync(join(tmpdir(), 'pio-control-plane-')), 'store.db');

controlPlaneStoreContract('SQLite', () => openItemStore(`sqlite:${file}`));
