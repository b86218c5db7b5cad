// Where the processor's time of a command goes, over all its threads: a table, and a flame graph in bench/tmp.
// npm run bench -- profile [messages] [command …]; the command is "backup run" unless given; any but that finds a set
import { mkdir, writeFile } from 'node:fs/promises';
import { addIndexes } from './lib/against-pipeline.ts';
import { withBackupWorld } from './lib/backup-world.ts';
import { functionOf, kindOf, moduleOf, profileOf, type Share, sharesBy } from './lib/cpu-profile.ts';
import { flameGraph } from './lib/flame-graph.ts';

const folder = 'bench/tmp';

export async function bench([messages = '400000', ...given]: readonly string[]): Promise<void> {
  const command = given.length === 0 ? ['backup', 'run'] : given;
  await withBackupWorld(Number(messages), async (world) => {
    await addIndexes(world);
    if (command.join(' ') !== 'backup run') await world.postern('backup', 'run');
    const stacks = await profileOf(world.commandLine(...command));
    const title = `postern ${command.join(' ')}, ${world.work}`;
    const text = [
      `# ${title}\n`,
      table('kind of work', sharesBy(stacks, kindOf)),
      table('module, self time', sharesBy(stacks, moduleOf).slice(0, 25)),
      table('function, self time', sharesBy(stacks, functionOf).slice(0, 40)),
    ].join('\n');
    const file = `${folder}/${command.slice(0, 2).join('-')}`;
    await mkdir(folder, { recursive: true });
    await writeFile(`${file}.md`, text);
    await writeFile(`${file}.svg`, flameGraph(title, stacks));
    process.stdout.write(`${text}\nwritten to ${file}.md and ${file}.svg\n`);
  });
}

function table(head: string, shares: readonly Share[]): string {
  const rows = shares.map(({ where, share }) => `| ${where} | ${(share * 100).toFixed(1)} % |`);
  return [`| ${head} | share |`, '|---|--:|', ...rows, ''].join('\n');
}
