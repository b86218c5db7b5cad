import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { type Catalog, readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, formatName } from '../../platform/map/index.ts';
import { type ErasedField, erasedFields } from '../erase/change/fields.ts';
import { type Treatment, treatmentsOf } from '../erase/closure/treatment.ts';
import { normalisesUnicode, seedsOf } from '../find/index.ts';
import type { RootRow } from '../find/known-rows.ts';
import { separatePersons } from '../find/one-person.ts';
import { type Resolved, type Resolving, resolvePerson } from '../find/resolve.ts';
import { sharedTest } from '../find/shared-names.ts';
import { personGraph } from '../graph/person-graph.ts';
import type { KnownValues } from '../identity/spots.ts';
import type { RectifyValues } from './values.ts';

/** A correction and whose it is, against the database as it is now. */
export interface Correction extends Asked {
  readonly resolved: Resolved;
  readonly catalog: Catalog;
  readonly treatments: ReadonlyMap<string, Treatment>;
  readonly fields: ReadonlyMap<string, readonly ErasedField[]>;
  readonly everywhere: boolean;
}

/** A name of the person is another one from now on. */
export interface NameChange {
  readonly kind: 'name';
  /** Of identity: `email`. */
  readonly of: string;
  /** The old name, by kind: what is looked for. */
  readonly old: KnownValues;
  readonly to: string;
}

/** A column of the person's own rows has another value. */
export interface FieldChange {
  readonly kind: 'field';
  readonly table: string;
  readonly column: string;
  readonly to: string;
}

export interface CorrectionOptions {
  readonly map: DataMap;
  readonly values: RectifyValues;
  readonly field: { readonly table: string; readonly column: string } | null;
  readonly everywhere: boolean;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal;
}

/** What is to be corrected, before anybody was looked for. */
export interface Asked {
  readonly resolving: Resolving;
  readonly change: NameChange | FieldChange;
}

/** @throws {PosternError} exit 2 as `seedsOf` and `sharedTest`, `address-invalid` */
export async function askedOf(
  db: Client,
  { map, values, field, tenant, signal }: CorrectionOptions,
): Promise<Asked> {
  const graph = personGraph(map);
  const shared = seedsOf(graph, values.shared ?? []);
  const given = [values.who, values.from === undefined ? [] : [values.from]].map((some) =>
    seedsOf(graph, some),
  );
  const isShared = sharedTest(graph.identities, shared, given);
  const resolving: Resolving = { graph, tenant, isShared, isUtf8: await normalisesUnicode(db), signal };
  return { resolving, change: changeOf(resolving, values, field) };
}

/**
 * Finds out whose the values are, in the transaction that the session is in.
 * @throws {PosternError} exit 2 as `askedOf`; exit 6 `subject-ambiguous`
 */
export async function correctionOf(db: Client, options: CorrectionOptions): Promise<Correction> {
  const { values, everywhere } = options;
  const { resolving, change } = await askedOf(db, options);
  const seeds = seedsOf(resolving.graph, values.who);
  // A correction that was broken off left the new name in some rows.
  const all = change.kind === 'name' ? together([seeds, change.old, newName(change)]) : seeds;
  const resolved = await resolvePerson(db, resolving, all);
  requireOne(resolving, resolved);
  const catalog = await readCatalog(db);
  const relations = new Map(catalog.relations.map((one) => [formatName(one.schema, one.name), one]));
  const treatments = treatmentsOf(resolving.graph, relations);
  const fields = new Map(
    [...treatments].map(([name, treatment]) => [name, erasedFields(treatment, resolving.graph.identities)]),
  );
  return { resolving, resolved, catalog, treatments, fields, change, everywhere };
}

const newName = ({ of, to }: NameChange): KnownValues => new Map([[of, new Set([to])]]);

/**
 * Before anything changes: the old name is nobody else's, and so is the new one.
 * @throws {PosternError} exit 6 `name-not-theirs`, `name-taken`
 */
export async function requireTheirs(
  db: Client,
  { resolving, change }: Asked,
  { who }: RectifyValues,
): Promise<void> {
  if (change.kind === 'field') return;
  const { roots } = await resolvePerson(db, resolving, seedsOf(resolving.graph, who));
  const own = new Set(roots.map(rowName));
  const isOthers = async (names: KnownValues): Promise<boolean> => {
    const found = await resolvePerson(db, resolving, names);
    return found.roots.some((root) => !own.has(rowName(root)));
  };
  if (await isOthers(change.old)) {
    throw refused('what is to be corrected is a name of somebody else', {
      code: 'name-not-theirs',
      hints: ['`postern subject find` with that name tells whose it is'],
    });
  }
  if (await isOthers(newName(change))) {
    throw refused('the new name is that of somebody else', {
      code: 'name-taken',
      hints: [
        '`postern subject find` with the new name tells whose it is',
        'where a run was broken off, name the person by the new name',
      ],
    });
  }
}

const rowName = ({ table, key }: RootRow): string => JSON.stringify([table, ...key]);

function changeOf(
  { graph }: Resolving,
  { from, to }: RectifyValues,
  field: CorrectionOptions['field'],
): NameChange | FieldChange {
  if (field !== null) return { kind: 'field', ...field, to };
  if (from === undefined) throw usageError('what is wrong was not given', { code: 'rectify-from-missing' });
  const old = seedsOf(graph, [from]);
  const [of = ''] = old.keys();
  // It comes into headers too, where a comma or a bracket would make two of it.
  if (of === 'email' && !/^[^@\s<>,;:()[\]\\"]+@[^@\s<>,;()\\"]+$/.test(to)) {
    throw usageError('the new value is no address', { code: 'address-invalid' });
  }
  return { kind: 'name', of, old, to };
}

function together(all: readonly KnownValues[]): KnownValues {
  const found = new Map<string, Set<string>>();
  for (const known of all) {
    for (const [kind, values] of known) found.set(kind, new Set([...(found.get(kind) ?? []), ...values]));
  }
  return found;
}

/** One table has one row for a person; of two tenants, as for an erasure, one has to be named. */
function requireOne({ graph }: Resolving, { roots }: Resolved): void {
  const persons = separatePersons(graph, roots);
  if (new Set(persons.map(({ table }) => table)).size === persons.length) return;
  throw refused('the names lead to several persons', {
    code: 'subject-ambiguous',
    hints: [
      '`postern subject find` shows each by its key; --tenant names one',
      'where several share a name, as that of an office, say so by --shared NAME',
    ],
  });
}
