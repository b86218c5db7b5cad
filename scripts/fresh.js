// Fails when a generated file is not what the sources would make of it now.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

const manifest = 'oclif.manifest.json';
const before = readFileSync(manifest, 'utf8');
try {
  execFileSync('oclif', ['manifest'], { stdio: ['ignore', 'ignore', 'inherit'] });
  // As data: the order of its keys differs from run to run.
  if (!isDeepStrictEqual(JSON.parse(readFileSync(manifest, 'utf8')), JSON.parse(before))) {
    process.stderr.write(`${manifest} is not fresh: run \`npm run manifest\`\n`);
    process.exitCode = 1;
  }
} finally {
  writeFileSync(manifest, before);
}
for (const script of ['scripts/schemas.js', 'scripts/readme.js']) {
  execFileSync(process.execPath, [script, '--check'], { stdio: 'inherit' });
}
