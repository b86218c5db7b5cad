// npm run demo: the main job, told to a newcomer, on a mail platform that is made for it and removed afterwards.
// --keep leaves the sandbox; --scale N sets the number of messages.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, scale: { type: 'string', default: '20k' } },
});

const home = mkdtempSync(join(tmpdir(), 'postern-demo-'));
// As root, the database server drops to a user who must be able to reach its folder.
chmodSync(home, 0o755);
const env = { ...process.env, POSTERN_SANDBOX_HOME: home, XDG_CONFIG_HOME: home, NODE_ENV: 'production' };
delete env.POSTERN_CONFIG;
delete env.POSTERN_PROFILE;
const bold =
  process.stdout.isTTY && !process.env.NO_COLOR ? (text) => `\x1b[1m${text}\x1b[0m` : (text) => text;
const started = performance.now();

function tell(text) {
  process.stdout.write(`\n${text}\n`);
}

/** Runs postern, shows the command and what it says, and returns stdout. Any other exit code ends the demo. */
function postern(args, { expect = 0, show = true } = {}) {
  if (show) process.stdout.write(`\n${bold(`$ postern ${args.join(' ')}`)}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/run.js', ...args], {
      cwd: process.cwd(),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        if (stream === child.stdout) out += chunk;
        if (show) process.stdout.write(chunk);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (show && code !== 0) process.stdout.write(`(exit ${code})\n`);
      if (code === expect) resolve(out);
      else reject(new Error(`postern ${args.join(' ')} ended with ${code}, not ${expect}`));
    });
  });
}

/** Turns one bit of a file, in place, as a failing disk would. */
function flipBit(path) {
  const { mode } = statSync(path);
  // The store keeps its objects read-only; a failing disk does not ask.
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  const position = Math.floor(statSync(path).size / 2);
  readSync(file, byte, 0, 1, position);
  byte[0] ^= 1;
  writeSync(file, byte, 0, 1, position);
  closeSync(file);
  chmodSync(path, mode & 0o777);
}

/** The first account of a sandbox that is made from the number 1. */
const person = 'nora.becker0@tenant-1.example';

async function story() {
  tell(
    `${bold('1. A mail platform.')} A real PostgreSQL, a key service and two object stores, filled with ${values.scale} messages:`,
  );
  await postern(['sandbox', 'up', '--scale', values.scale]);
  tell('Does every part answer?');
  await postern(['doctor']);

  tell(
    `${bold('2. A backup.')} One snapshot, encrypted to two people, signed. This host cannot read what it writes:`,
  );
  await postern(['backup', 'run']);
  await postern(['backup', 'list']);
  const shown = JSON.parse(await postern(['backup', 'show', '--json'], { show: false })).result;
  const folder = shown.location
    .replace(/^file:\/\//, '')
    .replace(join('offsite', 'backup'), join('offsite', 'objects', 'backup'));
  tell('What lies in the store. Anybody may see this much, and no table is named:');
  for (const name of readdirSync(folder).sort()) process.stdout.write(`  ${name}\n`);
  tell('With a secret key, which only the sandbox keeps beside the backups:');
  await postern(['backup', 'show']);

  tell(`${bold('3. Is it whole?')} Every byte is read, every part opened, every row counted:`);
  await postern(['backup', 'verify']);
  const parts = readdirSync(join(folder, 'platform', '30-data')).map((name) =>
    join(folder, 'platform', '30-data', name),
  );
  const victim = parts.sort((a, b) => statSync(b).size - statSync(a).size)[0];
  tell('Now one bit of one part is turned, as a failing disk would:');
  flipBit(victim);
  await postern(['backup', 'verify'], { expect: 5 });
  tell('And turned back:');
  flipBit(victim);
  await postern(['backup', 'verify', '--quiet']);

  tell(
    `${bold('4. A restore,')} into a new database. It is read back and compared with the manifest before anybody may use it:`,
  );
  await postern(['backup', 'restore', '--to', 'mail_restored', '--yes']);

  tell(
    `${bold('5. Somebody asks to be erased.')} What the platform holds of her, by a data map that knows every table:`,
  );
  await postern(['subject', 'find', person]);
  tell(
    'A plan, short transactions, every version of every object; and then the whole database is looked through.',
  );
  tell(
    'An export that somebody forgot holds her address still, in a table that the map calls free of such (exit 3):',
  );
  await postern(['subject', 'erase', person, '--reason', 'request 17', '--confirm', 'mail'], { expect: 3 });
  tell('The backup is older than that. A restore erases her again, before anybody can connect:');
  await postern(['backup', 'restore', '--to', 'mail_later', '--yes']);

  tell(
    `${bold('6. The proof.')} Signed certificates say what was erased and what was restored; each can be checked without a network:`,
  );
  const [certificate] = JSON.parse(await postern(['certificate', 'list', '--json'], { show: false })).result
    .certificates;
  await postern(['certificate', 'verify', certificate.id]);
  tell('Who did what stands in a log that cannot be changed unseen:');
  await postern(['audit', 'log']);
  await postern(['audit', 'verify']);
}

let failed = false;
process.once('SIGINT', () => {
  failed = true;
});
try {
  await story();
  tell(
    `Done in ${Math.round((performance.now() - started) / 1000)} seconds. Every set also restores without postern: see restore.sh inside it.`,
  );
  process.stdout.write('Read on: README.md, docs/sandbox.md, docs/formats/backup-set.md\n');
} catch (error) {
  failed = true;
  process.stderr.write(`\ndemo: ${error.message}\n`);
} finally {
  if (values.keep && !failed) {
    tell(`The sandbox stays. To use it: export POSTERN_SANDBOX_HOME=${home}`);
  } else {
    await postern(['sandbox', 'down'], { show: false }).catch(() => {});
    rmSync(home, { recursive: true, force: true });
  }
}
if (failed) process.exitCode = 1;
