import { readFile } from 'node:fs/promises';
import { type Position, readCheckedYaml } from '../../base/checked-yaml.ts';
import { messageOf, usageError } from '../../base/error.ts';
import { type DataMap, dataMapSchema } from './map-schema.ts';
import { canonicalName } from './name.ts';

export interface LoadedDataMap {
  readonly file: string;
  readonly map: DataMap;
  /** Where the value at a path of the document stands in the file, or its nearest parent. */
  positionOf(path: readonly PropertyKey[]): Position;
}

/**
 * Reads `postern.map.yaml` (YAML 1.2).
 * @throws {PosternError} exit 2: `map-missing`, or `yaml-invalid` with every problem at once, each as
 * `file:line:column: path: what was expected`
 */
export async function loadDataMap(path: string): Promise<LoadedDataMap> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw usageError(`the data map ${path} cannot be read: ${messageOf(error)}`, {
      code: 'map-missing',
      cause: error,
      hints: ['name its file, or say where it is under platform.map in postern.yaml'],
    });
  });
  return readDataMap(text, path);
}

/** The same from a text; `file` is what messages call it. */
export async function readDataMap(text: string, file: string): Promise<LoadedDataMap> {
  const checked = await readCheckedYaml(text, file, withoutDoubles);
  return { file, map: checked.value, positionOf: (path) => checked.positionOf(path) };
}

/** YAML sees to it that no key comes twice; one name in two spellings (`a.b` and `"a".b`) is seen here. */
const withoutDoubles = dataMapSchema.superRefine((map, context) => {
  for (const part of ['tables', 'triggers'] as const) {
    const seen = new Set<string>();
    for (const name of Object.keys(map[part] ?? {})) {
      const canonical = canonicalName(name);
      if (seen.has(canonical)) {
        context.addIssue({ code: 'custom', path: [part, name], message: `${canonical} is here twice` });
      }
      seen.add(canonical);
    }
  }
});
