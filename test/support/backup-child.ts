// Runs a backup, or applies a restore's plan, in a process of its own, to be killed. argv: a file with the world's
// data, and the plan's id for a restore.
import { readFile } from 'node:fs/promises';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { type BackupWorldData, openBackupWorld } from './backup-world.ts';

const [file = '', planId] = process.argv.slice(2);
const world = await openBackupWorld(JSON.parse(await readFile(file, 'utf8')) as BackupWorldData);
process.stdout.write('ready\n');
if (planId === undefined) await runBackup(world.context({ options: { partSize: 2 ** 18 } }));
else await applyPlan(await world.restoreContext(), backupRestore, planId);
await world.close();
