import { readFile } from 'node:fs/promises';
import { readCheckedYaml } from '../base/checked-yaml.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import {
  type FidesFile,
  fidesFile,
  importFideslang,
  type Loss,
  renderImport,
} from '../platform/map/fideslang/index.ts';
import { lintDataMap, readDataMap } from '../platform/map/index.ts';

/**
 * Datasets of fideslang, from a YAML file.
 * @throws {PosternError} exit 2: `file-unreadable`; `yaml-invalid` with every problem at once
 */
export async function readDatasets(path: string): Promise<FidesFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw usageError(`${path} cannot be read: ${fileProblem(cause)}`, { code: 'file-unreadable', cause });
  });
  return (await readCheckedYaml(text, path, fidesFile)).value;
}

/** Datasets as a YAML file. */
export async function datasetsText(datasets: FidesFile['dataset'], source: string): Promise<string> {
  const { stringify } = await import('yaml');
  const note = `# Written by \`postern map export --format fideslang\` from ${JSON.stringify(source)}.\n`;
  return note + stringify({ dataset: datasets }, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The draft of a map from datasets: checked by its own schema before anybody gets it. */
export async function draftFromDatasets(
  datasets: FidesFile,
  source: string,
): Promise<{
  readonly text: string;
  readonly tables: number;
  readonly columns: number;
  readonly todos: number;
  readonly losses: readonly Loss[];
}> {
  const imported = importFideslang(datasets);
  const text = renderImport(imported, source);
  const { map } = await readDataMap(text, 'the draft');
  const columns = datasets.dataset.flatMap(({ collections }) => collections.flatMap(({ fields }) => fields));
  return {
    text,
    tables: imported.tables.size,
    columns: columns.length,
    todos: lintDataMap(map).filter(({ rule }) => rule === 'MAP11').length,
    losses: imported.losses,
  };
}

/** How many places are named for a kind of loss, beside the first. */
const namedPlaces = 3;

/** A line for each kind of loss: how many there are, the first of them, and where the others are. */
export function lossLines(losses: readonly Loss[]): readonly string[] {
  const byKind = Map.groupBy(losses, ({ kind }) => kind);
  return [...byKind].map(([kind, all]) => {
    const [first] = all;
    const [place = '', ...others] = new Set(all.map(({ path }) => path));
    const named = others.slice(0, namedPlaces).join(', ');
    const more = others.length > namedPlaces ? ` and ${others.length - namedPlaces} more` : '';
    const rest = others.length === 0 ? '' : `; so too ${named}${more}`;
    return `${kind}, ${counted(all.length, 'place')}: ${place}: ${first?.message ?? ''}${rest}`;
  });
}
