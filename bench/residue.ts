// Looking through a database for what is left of many persons, against COPY and grep for one of them.
// npm run bench -- residue [messages] [runs] [names]
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { shell } from './lib/command.ts';
import { mailDatabase } from './lib/mail-database.ts';
import { runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { requirePeers } from './lib/peers.ts';
import { saveResult } from './lib/result.ts';

const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url));

export async function bench([
  messages = '800000',
  runs = '5',
  names = '1000',
]: readonly string[]): Promise<void> {
  requirePeers('psql', 'grep');
  const database = await mailDatabase(Number(messages));
  try {
    await writeFile(join(database.folder, 'url'), database.url, { mode: 0o600 });
    const config = join(database.folder, 'postern.yaml');
    const profiles = { bench: { platform: { url: '${file:url}' } } };
    await writeFile(config, stringify({ version: 1, default_profile: 'bench', profiles }));
    // Nobody of these names is there, but the domain is.
    const who = Array.from({ length: Number(names) }, (_, index) => `nobody.${index}@quickpost.example`);
    const also = who.slice(1).flatMap((name) => ['--also', name]);
    const argv = ['subject', 'residue', who[0] ?? '', ...also, '--config', config, '--quiet'];
    const pair = await runPair({
      work: `${(database.bytes / 1e9).toFixed(2)} GB of mail, ${who.length.toLocaleString('en')} persons`,
      peer: 'psql -c COPY | grep -i (one person, as written)',
      goal: 0.7,
      runs: Number(runs),
      ours: () => peakOf(process.execPath, [bin, ...argv]),
      // grep ends with 1 where it found nothing.
      theirs: () =>
        shell(
          `psql -q '${database.url}' -c 'copy mail.messages to stdout' | { grep -i -c '${who[0]}' || test $? = 1; }`,
        ),
    });
    saveResult({ name: 'residue', postgres: database.server.version, pairs: [pair], scale: [], profile: [] });
  } finally {
    await database.close();
  }
}
