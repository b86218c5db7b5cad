import { readFile } from 'node:fs/promises';

/** The text of one of the sandbox's SQL scripts; they stand beside this file. */
export function sqlFile(name: string): Promise<string> {
  return readFile(new URL(`sql/${name}`, import.meta.url), 'utf8');
}
