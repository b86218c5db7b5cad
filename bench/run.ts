// npm run bench -- NAME [ARGUMENTS]: each benchmark is a file beside this one, whose first lines say what it takes.
import { readdirSync } from 'node:fs';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3));

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME; the benchmarks are: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const module = (await import(`./${name}.ts`)) as { bench(args: readonly string[]): Promise<void> };
  await module.bench(args);
}
