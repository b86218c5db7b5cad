// Copies what the compiler leaves behind: files that the code reads at run time, to the same place below dist.
import { copyFile, glob, mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');
const target = join(root, 'dist');

for await (const path of glob('**/*.{sql,sh,txt,eta,css}', { cwd: source })) {
  const to = join(target, relative(source, join(source, path)));
  await mkdir(dirname(to), { recursive: true });
  await copyFile(join(source, path), to);
}
