// Handing out one person's mail, packed, encrypted and read back, against COPY of the same rows, and COPY, gzip and gpg.
// npm run bench -- export [messages] [of the person] [runs]
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withConnection } from '../src/lib/base/postgres.ts';
import { silentProgress } from '../src/lib/base/progress.ts';
import { readUrl, resetSandbox, sandboxPaths, upSandbox } from '../src/lib/sandbox/index.ts';
import { shell } from './lib/command.ts';
import { runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { requirePeers } from './lib/peers.ts';
import { saveResult } from './lib/result.ts';

const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url));

export async function bench([
  messages = '100000',
  share = '10000',
  runs = '3',
]: readonly string[]): Promise<void> {
  requirePeers('psql', 'gpg');
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o711);
  const paths = sandboxPaths('bench', { POSTERN_SANDBOX_HOME: join(folder, 'sandbox') });
  try {
    await upSandbox(paths, { messages: Number(messages), seed: 1, progress: silentProgress });
    const url = await readUrl(paths, 'superuser');
    const { email, version } = await giveMail(url, Number(share));
    const passphrase = join(folder, 'passphrase');
    await writeFile(passphrase, 'bench\n', { mode: 0o600 });
    const copy = `copy (select m.* from mail.messages m join mail.mailboxes b on b.id = m.mailbox_id join mail.accounts a on a.id = b.account_id where a.email = '${email}') to stdout`;
    const out = join(folder, 'copied');
    const gpg = `gpg --homedir '${folder}' --batch --pinentry-mode loopback --passphrase-file '${passphrase}' -z 0`;
    const theirs = {
      'psql -c COPY > file': () => shell(`psql -q '${url}' -c "${copy}" > '${out}'`),
      'psql -c COPY | gzip -1 | gpg -c, gpg -d | gzip -t': () =>
        shell(
          `psql -q '${url}' -c "${copy}" | gzip -1 | ${gpg} --yes -o '${out}' -c && ${gpg} -q -d '${out}' | gzip -t`,
        ),
    };
    const pairs = [];
    for (const mail of ['mbox', 'both'] as const) {
      for (const [peer, run] of Object.entries(theirs)) {
        pairs.push(
          await runPair({
            work: `${Number(share).toLocaleString('en')} of ${Number(messages).toLocaleString('en')} messages, --mail ${mail}`,
            peer,
            goal: 0.5,
            runs: Number(runs),
            ours: async () => {
              const argv = ['subject', 'export', email, '--portability', '--mail', mail, '--quiet'];
              const zip = ['--out', join(folder, 'x.zip'), '--passphrase-file', passphrase];
              const measured = await peakOf(process.execPath, [
                bin,
                ...argv,
                ...zip,
                '--config',
                paths.config,
              ]);
              for (const name of await readdir(folder))
                if (name.startsWith('x.')) await rm(join(folder, name));
              return measured;
            },
            theirs: run,
          }),
        );
      }
    }
    saveResult({ name: 'export', postgres: version, pairs, scale: [], profile: [] });
  } finally {
    await resetSandbox(paths);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts so many messages, which have their bodies in the database, into the boxes of one account. */
async function giveMail(
  url: string,
  share: number,
): Promise<{ readonly email: string; readonly version: string }> {
  return withConnection({ url, role: 'bench' }, async (client) => {
    await client.query(
      `update mail.messages set mailbox_id = (select min(id) from mail.mailboxes where account_id = 1), tenant_id = 1
       where id in (select id from mail.messages where raw_key is null order by id limit $1)`,
      [share],
    );
    await client.query('vacuum analyze mail.messages');
    const { rows } = await client.query<{ email: string; version: string }>(
      `select email, current_setting('server_version') as version from mail.accounts where id = 1`,
    );
    const [row] = rows;
    if (row === undefined) throw new Error('the sandbox has no first account');
    return row;
  });
}
