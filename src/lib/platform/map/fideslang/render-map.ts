import { flow, inComment, scalar } from '../scan/draft/yaml-text.ts';
import type { FidesImport, ImportedTable } from './import-map.ts';

/** The imported map as YAML; names of the file stand in it, each as text. */
export function renderImport({ subjects, tables, losses }: FidesImport, source: string): string {
  const lines = [
    `# A draft of a data map, from the fideslang datasets of ${inComment(source)}.`,
    '# What they do not say is TODO. References are soft and types a guess until `map lint` has compared them with the',
    '# database. docs/fideslang.md tells what else is missing.',
    ...losses.map(({ path, message }) => `# not taken over: ${inComment(`${path}: ${message}`)}`),
    'version: 1',
    '',
    ...(Object.keys(subjects).length === 0 ? ['subjects: {}'] : ['subjects:']),
    ...Object.entries(subjects).map(([name, subject]) => `  ${scalar(name)}: ${flow(subject)}`),
    '',
    ...(tables.size === 0 ? ['tables: {}'] : ['tables:']),
    ...[...tables].flatMap(([name, table]) => [`  ${scalar(name)}:`, ...tableLines(table), '']),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function tableLines({ fields, references, ...rest }: ImportedTable): readonly string[] {
  const { erase, non_personal: nonPersonal, ...before } = rest;
  return [
    ...Object.entries(before).map(([key, value]) => `    ${key}: ${flow(value)}`),
    ...(references === undefined
      ? []
      : ['    references:', ...references.map((one) => `      - ${flow(one)}`)]),
    ...(fields.size === 0 ? [] : ['    fields:']),
    ...[...fields].map(([column, field]) => `      ${scalar(column)}: ${flow(field)}`),
    ...(nonPersonal === undefined ? [] : [`    non_personal: ${flow(nonPersonal)}`]),
    ...(erase === undefined ? [] : [`    erase: ${flow(erase)}`]),
  ];
}
