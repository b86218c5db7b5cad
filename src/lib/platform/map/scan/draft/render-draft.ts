import { counted } from '../../../../base/counted.ts';
import type { Draft, DraftField, DraftTable, Note } from './draft.ts';
import { flow, inComment, scalar } from './yaml-text.ts';

/**
 * The draft as YAML, with a comment for every proposal: why, and how sure that is. Names of the database stand in it,
 * values of it do not.
 */
export function renderDraft(draft: Draft, database: string): string {
  const { hasEmail, tables, keyrings, triggers, leftOut, unexplained } = draft;
  const ignorable = unexplained.filter((keys) => ignorablePrefix(keys, draft) !== undefined);
  const open = unexplained.filter((keys) => !ignorable.includes(keys));
  const lines = [
    `# A draft of the data map of the database ${inComment(database)}, by \`postern map scan\`: proposals, each with its reason.`,
    '# Decide every TODO, check everything else, then run `postern map lint`. docs/data-map.md explains the format.',
    'version: 1',
    '',
    ...(hasEmail ? subjects : ['subjects: {}']),
    '',
    ...(tables.length === 0
      ? ['tables: {}']
      : ['tables:', ...tables.flatMap((table) => [...tableLines(table), ''])]),
    ...(keyrings.length === 0 ? [] : ['keyrings:']),
    ...keyrings.flatMap(({ table, entry, note }) => [
      `  ${comment(note)}`,
      `  ${scalar(table)}: ${flow(entry)}`,
    ]),
    ...(keyrings.length === 0 ? [] : ['']),
    ...(triggers.length === 0 ? [] : ['triggers:']),
    ...triggers.flatMap(({ name, effect, note }) => [
      `  ${comment(note)}`,
      `  ${scalar(name)}: {effect: ${effect}}`,
    ]),
    ...(triggers.length === 0 ? [] : ['']),
    ...open.map((keys) => `# TODO: say at a table whose rows they belong to: ${unexplainedLine(keys)}`),
    ...(leftOut.length + ignorable.length === 0 ? [] : ['ignore:']),
    ...leftOut.flatMap((schema) => [
      '  # not to be looked at: say why, or scan it too',
      `  - {schema: ${scalar(schema)}, reason: TODO}`,
    ]),
    ...ignorable.flatMap((keys) => [
      `  # ${unexplainedLine(keys)}; low`,
      `  - {bucket: ${scalar(keys.bucket)}, prefix: ${scalar(ignorablePrefix(keys, draft) ?? '')}, reason: TODO}`,
    ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What stands before the first value of keys can be ignored, unless others begin with it too. */
function ignorablePrefix(
  { bucket, form }: Draft['unexplained'][number],
  { tables, unexplained }: Draft,
): string | undefined {
  const [prefix = ''] = form.split('<');
  const templates = tables.flatMap(({ fields }) =>
    fields.flatMap(({ entry }) => (entry.object?.bucket === bucket ? [entry.object.key] : [])),
  );
  const others = unexplained.filter((one) => one.bucket === bucket && one.form !== form);
  const isShared = [...templates, ...others.map((one) => one.form)].some(
    (key) => key.startsWith(prefix) || prefix.startsWith(key.split(/[{<]/)[0] ?? ''),
  );
  return prefix === '' || isShared ? undefined : prefix;
}

const unexplainedLine = ({ bucket, form, keys, reason }: Draft['unexplained'][number]): string =>
  inComment(`${counted(keys, 'key')} of the form ${form} in the bucket ${bucket}: ${reason}`);

const subjects = [
  'subjects:',
  '  # one kind of person for all addresses: tell account holders and their correspondents apart; low',
  '  person: {identities: {email: {normalise: [trim, lower, nfc]}}}',
];

const comment = ({ reason, confidence }: Note): string => `# ${inComment(reason)}; ${confidence}`;

function tableLines(table: DraftTable): readonly string[] {
  const { name, remarks, primaryKey, tenant, owner, references, fields, nonPersonal } = table;
  const isPersonal = fields.length > 0;
  return [
    `  ${scalar(name)}:`,
    ...remarks.map((remark) => `    # ${inComment(remark)}`),
    ...(primaryKey === undefined
      ? ['    # no primary key, and nothing unique that is never NULL: its rows cannot be told apart (MAP05)']
      : noted(primaryKey.note, `primary_key: ${flow(primaryKey.columns)}`)),
    ...(tenant === undefined ? [] : noted(tenant.note, `tenant: ${scalar(tenant.column)}`)),
    '    ownership: TODO',
    ...(owner === undefined ? [] : noted(owner.note, `owner: ${flow(owner.names)}`)),
    ...(isPersonal ? ['    legal_basis: TODO', '    retention: TODO'] : []),
    ...(references.length === 0 ? [] : ['    references:']),
    ...references.flatMap(({ entry, note }) => [`      ${comment(note)}`, `      - ${flow(entry)}`]),
    ...(fields.length === 0 ? [] : ['    fields:', ...fields.flatMap(fieldLines)]),
    ...(nonPersonal.length === 0 ? [] : ['    non_personal:']),
    ...nonPersonal.map(({ column, note }) => `      - ${scalar(column)} ${comment(note)}`),
    ...(isPersonal ? ['    erase: TODO'] : []),
  ];
}

const noted = (note: Note, line: string): readonly string[] => [`    ${comment(note)}`, `    ${line}`];

function fieldLines({ column, entry, note, pathNotes }: DraftField): readonly string[] {
  const { paths, ...rest } = entry;
  if (paths === undefined) return [`      ${comment(note)}`, `      ${scalar(column)}: ${flow(rest)}`];
  return [
    `      ${comment(note)}`,
    `      ${scalar(column)}:`,
    ...Object.entries(rest).map(([key, value]) => `        ${key}: ${flow(value)}`),
    '        paths:',
    ...Object.entries(paths).flatMap(([path, inner]) => {
      const pathNote = pathNotes.get(path);
      return [
        ...(pathNote === undefined ? [] : [`          ${comment(pathNote)}`]),
        `          ${scalar(path)}: ${flow(inner)}`,
      ];
    }),
  ];
}
