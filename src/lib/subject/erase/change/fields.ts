import type { Column } from '../../../platform/catalog/index.ts';
import type { DataMap, DomainPlace } from '../../../platform/map/index.ts';
import { domainOf, isPersonal } from '../../../platform/map/index.ts';
import type { Identity } from '../../identity/identities.ts';
import type { JsonRule, Parser } from '../../redact/index.ts';
import type { Treatment } from '../closure/treatment.ts';

type MapField = NonNullable<DataMap['tables'][string]['fields']>[string];
export type FieldRule = Exclude<MapField['erase'], undefined | 'TODO'>;

/** A column with personal data, as an erasure sees it. */
export interface ErasedField {
  readonly column: string;
  /** How many characters it holds; of a domain, the type below it. */
  readonly room: number;
  readonly form: 'text' | 'bytes' | 'json' | 'array' | 'other';
  readonly notNull: boolean;
  /** Whether a unique index has it: two texts that differ must differ still. */
  readonly unique: boolean;
  readonly rule: FieldRule | undefined;
  readonly identity: Identity | undefined;
  readonly parser: Parser | undefined;
  /** Of a local part: where the domain stands. */
  readonly domain: DomainPlace | undefined;
  /** Of a text: whether a row of somebody else is about the person whom it names. */
  readonly about: boolean;
  readonly paths: readonly ErasedPath[];
  /** The column that it is a keyed hash of. */
  readonly hashOf: string | undefined;
}

/** A place in a JSON document. */
export interface ErasedPath extends Pick<JsonRule, 'path' | 'identity'> {
  readonly rule: FieldRule | undefined;
  /** Of a string inside of which addresses stand. */
  readonly parser: Parser | undefined;
  readonly about: boolean;
}

/** The columns with personal data that an erasure may change: none that the database makes itself, and no objects. */
export function erasedFields(
  { table, relation }: Treatment,
  identities: ReadonlyMap<string, Identity>,
): readonly ErasedField[] {
  const anyEmail = [...identities.values()].find(({ kind }) => kind === 'email');
  const columns = new Map(relation.columns.map((column) => [column.name, column]));
  return table.fields.flatMap(([name, field]): readonly ErasedField[] => {
    const column = columns.get(name);
    if (column === undefined || field.type === undefined || column.generated !== null) return [];
    if (!isPersonal(field) || field.object !== undefined) return [];
    const parser = field.parser === 'TODO' ? undefined : field.parser;
    const identity = identities.get(field.identity ?? '') ?? (parser === undefined ? undefined : anyEmail);
    const paths = Object.entries(field.paths ?? {}).map(([path, part]) => {
      const inside = part.parser === 'TODO' ? undefined : part.parser;
      const own = identities.get(part.identity ?? '') ?? (inside === undefined ? undefined : anyEmail);
      return {
        path,
        rule: ruleOf(part.erase),
        parser: inside,
        about: (part.about ?? false) !== false,
        ...(own === undefined ? {} : { identity: own }),
      };
    });
    return [
      {
        column: name,
        room: Number(/\((\d+)\)$/.exec(column.baseType)?.[1] ?? Number.MAX_SAFE_INTEGER),
        form: formOf(column),
        notNull: column.notNull,
        unique: relation.indexes.some((index) => index.unique && isIn(index, name)),
        rule: ruleOf(field.erase) ?? (field.encrypted === undefined ? undefined : 'shred'),
        identity,
        parser,
        domain: domainOf(table, field),
        about: (field.about ?? false) !== false,
        paths,
        hashOf: field.hmac?.of,
      },
    ];
  });
}

/** Whether an index has a column: as it is, or in an expression, which tells it only as a text. */
const isIn = (
  { columns, expression, definition }: Treatment['relation']['indexes'][number],
  name: string,
): boolean => columns.includes(name) || (expression && definition.includes(name));

const ruleOf = (rule: MapField['erase']): FieldRule | undefined => (rule === 'TODO' ? undefined : rule);

function formOf({ baseType }: Column): ErasedField['form'] {
  if (baseType.endsWith('[]')) return 'array';
  if (baseType === 'bytea') return 'bytes';
  if (/^jsonb?$/.test(baseType)) return 'json';
  return /^(text|citext|name|"?char"?|character|varchar|bpchar)|\.citext$/.test(baseType) ? 'text' : 'other';
}

/** What is to be done before a row can stay without what is personal in it; undefined where all is said. */
export function missingRule({ column, form, notNull, rule, hashOf }: ErasedField): string | undefined {
  if (rule !== undefined || !notNull || form !== 'other' || hashOf !== undefined) return undefined;
  return `${column} is NOT NULL and of a type that cannot be emptied: say by erase what becomes of it ({replace: …}, or {keep: why})`;
}
