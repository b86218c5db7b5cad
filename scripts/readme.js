// Writes the list of commands into README.md, between its two marks. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { Config } from '@oclif/core';

const begin = '<!-- commands -->';
const end = '<!-- end of commands -->';

const config = await Config.load({ root: process.cwd() });
const rows = config.commands
  .filter(({ hidden, pluginName }) => !hidden && pluginName === 'postern')
  .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  .map(({ id, summary }) => `| \`postern ${id.replaceAll(':', ' ')}\` | ${summary} |`);
const list = `${begin}\n| command | what it does |\n|---|---|\n${rows.join('\n')}\n${end}`;

const text = readFileSync('README.md', 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from === -1 || to === -1) throw new Error('README.md has no marks for the commands');
const fresh = text.slice(0, from) + list + text.slice(to + end.length);
if (!process.argv.includes('--check')) writeFileSync('README.md', fresh);
else if (fresh !== text) {
  process.stderr.write('the list of commands in README.md is not fresh: run `npm run readme`\n');
  process.exitCode = 1;
}
