import { counted } from '../../../../base/counted.ts';
import { canonicalName, parseColumnName } from '../../name.ts';
import { labelOf } from '../reference/label.ts';
import type { Looked } from '../sample/look.ts';
import type { ColumnProfile } from '../value/column-profile.ts';
import { type DraftField, type DraftTable, emailIdentity } from './draft.ts';
import { clearing } from './draft-field.ts';
import { wordsOf } from './name-hint.ts';

interface Domain {
  /** As the field's `domain`. */
  readonly place: { readonly column: string; readonly by?: string };
  readonly reason: string;
}

/**
 * Names the other half of addresses whose local part has a column of its own: the domain stands in a column of the row
 * or of one that it refers to, and nothing but domains does. Where the column's name does not say what it is, a person
 * decides; where the row has a whole address as well, that is the name.
 */
export function withHalves(tables: readonly DraftTable[], looked: Looked): readonly DraftTable[] {
  return tables.map((table) => {
    if (table.fields.some(({ entry }) => entry.identity === emailIdentity)) return table;
    const of = (field: DraftField): DraftField => {
      const profile = looked.tables.get(table.name)?.columns.get(field.column);
      const told = localPartByName(field.column);
      if (told === undefined || !isTextWithoutAddress(profile)) return field;
      const domain = domainOf(table, tables, looked);
      return domain === undefined ? field : asLocalPart(table, field, domain, told);
    };
    return { ...table, fields: table.fields.map(of) };
  });
}

function localPartByName(name: string): 'certain' | 'possible' | undefined {
  const words = wordsOf(name).join(' ');
  if (/^(?:(?:e ?)?mail )?(?:local ?part|local|lhs)$|\blocal ?part\b/.test(words)) return 'certain';
  return /^(?:address|alias|user|username|user ?part|login|account)$/.test(words) ? 'possible' : undefined;
}

const isTextWithoutAddress = (profile: ColumnProfile | undefined): boolean =>
  profile?.kind === 'text' && profile.values > 0 && profile.addresses.values === 0 && profile.encrypted === 0;

/** The one place that it can be; undefined where there is none, or several. */
function domainOf(table: DraftTable, tables: readonly DraftTable[], looked: Looked): Domain | undefined {
  const own = domainsIn(table.name, looked).map(({ column, reason }) => ({ place: { column }, reason }));
  if (own.length > 0) return own.length === 1 ? own[0] : undefined;
  const others = table.references.flatMap(({ entry }): readonly Domain[] => {
    const [to = ''] = [entry.to].flat();
    const target = canonicalName(parseColumnName(to)?.table ?? '');
    if (entry.kind !== 'fk' || target === table.name || tables.every(({ name }) => name !== target))
      return [];
    const by = labelOf(entry);
    return domainsIn(target, looked).map(({ column, reason }) => ({ place: { column, by }, reason }));
  });
  return others.length === 1 ? others[0] : undefined;
}

function domainsIn(table: string, looked: Looked) {
  const columns = looked.tables.get(table)?.columns ?? [];
  return [...columns].flatMap(([column, { domains, values }]) =>
    values > 0 &&
    domains >= 0.9 * values &&
    /\b(?:domain|host|name|rhs|fqdn)\b/.test(wordsOf(column).join(' '))
      ? [
          {
            column,
            reason: `${domains.toLocaleString('en')} of ${counted(values, 'value')} of ${column} are domains`,
          },
        ]
      : [],
  );
}

function asLocalPart(
  { relation, primaryKey }: DraftTable,
  field: DraftField,
  { place, reason }: Domain,
  told: 'certain' | 'possible',
): DraftField {
  const column = relation.columns.find(({ name }) => name === field.column);
  if (column === undefined) return field;
  const isKey = primaryKey?.columns.includes(column.name) === true;
  return {
    ...field,
    entry: {
      type: field.entry.type,
      category: 'user.contact.email',
      identity: told === 'certain' ? emailIdentity : 'TODO',
      domain: place,
      erase: clearing(column, isKey),
    },
    note: {
      reason: `${told === 'certain' ? 'local parts of addresses, by its name' : 'are these local parts of addresses? Else take identity and domain away'}: ${reason}`,
      confidence: told === 'certain' ? 'medium' : 'low',
    },
  };
}
