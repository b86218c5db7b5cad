// Writes docs/schemas: the JSON Schema of every command's --json envelope, of the configuration and of the formats.
// With --check it writes nothing, and fails when a file is not what it would write.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '@oclif/core';
import { z } from 'zod';

const folder = 'docs/schemas';
const isCheck = process.argv.includes('--check');

const error = z.strictObject({
  message: z.string(),
  code: z.string(),
  exitCode: z.number().int(),
  hints: z.array(z.string()),
});

/** What stands around the result of every command. */
function envelope(command, result) {
  const common = { schemaVersion: z.literal(1), command: z.literal(command), warnings: z.array(z.string()) };
  return z.union([
    z.strictObject({ ...common, ok: z.boolean(), result }),
    z.strictObject({ ...common, ok: z.literal(false), result: z.null(), error }),
  ]);
}

const wanted = new Map();
const config = await Config.load({ root: process.cwd() });
for (const command of config.commands.filter(({ pluginName }) => pluginName === 'postern')) {
  const { id } = command;
  const loaded = await command.load();
  if (loaded.result === undefined) throw new Error(`${id} has no result schema`);
  wanted.set(`${id.replaceAll(':', '-')}.json`, envelope(id.replaceAll(':', ' '), await loaded.result()));
}
const { configFile } = await import('../dist/lib/config/schema.js');
const { manifest, stub } = await import('../dist/lib/backup/format/manifest.js');
wanted.set('format-config.json', configFile);
wanted.set('format-backup-manifest.json', manifest);
wanted.set('format-backup-stub.json', stub);

const texts = new Map(
  [...wanted].map(([name, schema]) => [
    name,
    `${JSON.stringify(z.toJSONSchema(schema, { io: name === 'format-config.json' ? 'input' : 'output' }), undefined, 2)}\n`,
  ]),
);
const { dataMapJsonSchema } = await import('../dist/lib/platform/map/index.js');
texts.set('data-map.json', `${JSON.stringify(dataMapJsonSchema(), undefined, 2)}\n`);

mkdirSync(folder, { recursive: true });
const present = new Set(readdirSync(folder));
const stale = [...texts]
  .filter(([name, text]) => !present.has(name) || readFileSync(join(folder, name), 'utf8') !== text)
  .map(([name]) => name);
const orphans = [...present].filter((name) => !texts.has(name));
if (isCheck && stale.length + orphans.length > 0) {
  process.stderr.write(
    `docs/schemas is not fresh: ${[...stale, ...orphans].join(', ')}: run \`npm run schemas\` and look at the difference\n`,
  );
  process.exitCode = 1;
} else if (!isCheck) {
  for (const name of stale) writeFileSync(join(folder, name), texts.get(name));
  for (const name of orphans) rmSync(join(folder, name));
}
