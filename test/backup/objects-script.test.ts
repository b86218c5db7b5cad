// The promise that mail objects come back without postern: stock gpg, zstd, tar and sha256sum alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { type GpgHome, openGpgHome } from '../crypto/gpg-home.ts';
import { describeWith } from '../support/optional.ts';
import { flipped } from './altered-store.ts';
import { type ObjectsWorld, objectsWorld, partSize } from './objects-world.ts';

describeWith(['gpg', 'zstd'], 'mail objects, without postern', ({ gpg }) => {
  let home: GpgHome;
  let world: ObjectsWorld;

  beforeEach(async () => {
    home = openGpgHome(gpg);
    world = await objectsWorld();
    home.must(['--import'], world.keys.operations.secretKey);
    home.must(['--import'], world.keys.signer.publicKey);
  });

  afterEach(async () => {
    home?.close();
    await world?.close();
  });

  function copySet(setId: string): string {
    const folder = mkdtempSync(join(world.folder, 'set '));
    cpSync(join(world.storePath, 'objects', world.sets.prefix, setId), folder, { recursive: true });
    return folder;
  }

  function unpack(folder: string, into: string): { readonly status: number | null; readonly stderr: string } {
    const { status, stderr } = spawnSync('sh', [join(folder, 'restore.sh')], {
      cwd: '/',
      env: { PATH: process.env['PATH'], GNUPGHOME: dirname(home.file('marker', '')), OBJECTS: into },
      encoding: 'utf8',
    });
    return { status, stderr };
  }

  /** Every file under a folder, by its path. */
  function filesIn(folder: string): Readonly<Record<string, string>> {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('hex')]));
  }

  test('restore.sh unpacks a full set and its increment into the folder that the bucket was', async () => {
    const bodies: Record<string, Uint8Array> = {
      'a/1': Buffer.from('one'),
      'a/large': randomBytes(5 * partSize + 11),
      'über/line\nfeed': Buffer.from('text'),
      ['x'.repeat(250)]: Buffer.from(''),
    };
    for (const [key, body] of Object.entries(bodies)) await world.mailed(key, body);
    const full = await runBackup(world.context());
    bodies['a/1'] = Buffer.from('changed');
    bodies['b//odd'] = randomBytes(partSize);
    await world.mailed('a/1', bodies['a/1']);
    await world.mailed('b//odd', bodies['b//odd']);
    const next = await runBackup(world.context());

    const into = join(world.folder, 'unpacked');
    expect(unpack(copySet(full.setId), into)).toMatchObject({ status: 0 });
    const folder = copySet(next.setId);
    expect(unpack(folder, into)).toMatchObject({ status: 0 });
    const named = Object.entries(bodies).map(([key, body]) => [
      key === 'b//odd' ? `mail.keys/${sha256Hex(key)}` : `mail/${key}`,
      Buffer.from(body).toString('hex'),
    ]);
    expect(filesIn(into)).toEqual(Object.fromEntries(named));
    expect(readFileSync(join(folder, 'README.txt'), 'utf8')).toContain(full.setId);
  });

  test('restore.sh refuses an archive with a flipped bit before it unpacks anything', async () => {
    await world.mailed('a', randomBytes(3 * partSize));
    const { setId } = await runBackup(world.context());
    const folder = copySet(setId);
    const part = join(folder, 'objects/000002.tar.zst.pgp');
    const bytes = readFileSync(part);
    execFileSync('rm', ['-f', part]);
    execFileSync('tee', [part], { input: flipped(bytes, bytes.byteLength >> 1), stdio: 'pipe' });
    const into = join(world.folder, 'unpacked');
    expect(unpack(folder, into)).toMatchObject({ status: 5, stderr: expect.stringContaining('damaged') });
    expect(filesIn(into)).toEqual({});
  });

  test('gpg, zstd and tar alone give the same bytes, and say nothing of what they do not know', async () => {
    await world.mail.put('a.eml', randomBytes(2 * partSize), {
      contentType: 'message/rfc822',
      metadata: { tenant: '7' },
    });
    const { setId } = await runBackup(world.context());
    const folder = copySet(setId);
    const into = mkdtempSync(join(world.folder, 'tar '));
    const script = `set -e; for f in "$1"/objects/*.tar.zst.pgp; do gpg --batch --quiet --decrypt "$f" | zstd -d -q; done | tar -x --xattrs -f - -C "$2"`;
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', folder, into], {
      env: { PATH: process.env['PATH'], GNUPGHOME: dirname(home.file('marker', '')), LC_ALL: 'C' },
      encoding: 'utf8',
    });
    expect({ status, stderr: stderr.replaceAll(/^tar: setxattrat?:.*\n/gm, '') }).toEqual({
      status: 0,
      stderr: '',
    });
    expect(filesIn(into)).toEqual({
      'mail/a.eml': Buffer.from(await world.mail.get('a.eml')).toString('hex'),
    });
  });
});
