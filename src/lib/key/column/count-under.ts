import type { Queryable } from '../../base/postgres.ts';
import type { EncryptedColumn, Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { type CompromisedKeys, whereCompromised } from '../keyring/compromised.ts';
import { formatOfValue, keyIdOfValue } from './format-of-value.ts';
import { withHashedJoins } from './hashed-joins.ts';

/** A column, and which keys of its keyring are asked for. */
export interface Under {
  readonly column: Pick<EncryptedColumn, 'table' | 'column' | 'tenant' | 'subject'>;
  readonly keyring: Keyring;
  readonly compromised: CompromisedKeys;
}

/** What of a column is under some keys of its keyring. */
export interface CountedUnder {
  readonly values: number;
  readonly bytes: number;
  readonly keys: number;
  /** Null where the keyring has no subjects. */
  readonly subjects: number | null;
  /** Null where no column tells whose the rows are. */
  readonly tenants: number | null;
  /** Of `values` and `keys`: under keys that still encrypt. */
  readonly activeValues: number;
  readonly activeKeys: number;
}

/** Counts a column's values that are under some keys; nothing is decrypted, and no value leaves the server. */
export async function countUnder(db: Queryable, under: Under): Promise<CountedUnder> {
  const { keyring, column } = under;
  const isActive = `k.${quoteIdentifier(keyring.state)}::text = 'active'`;
  const { text, values } = joinedUnder(under);
  const { rows } = await withHashedJoins(db, () =>
    db.query<CountedUnder>(
      `select coalesce(sum(v.values), 0)::float8 as values, coalesce(sum(v.bytes), 0)::float8 as bytes,
         count(distinct v.id)::float8 as keys,
         ${keyring.subject === undefined ? 'null' : `count(distinct ${subjectOf(keyring)})`}::float8 as subjects,
         ${column.tenant === undefined ? 'null' : `count(distinct ${tenantOf(column)})`}::float8 as tenants,
         coalesce(sum(v.values) filter (where ${isActive}), 0)::float8 as "activeValues",
         (count(distinct v.id) filter (where ${isActive}))::float8 as "activeKeys"
       from ${text}`,
      [...values],
    ),
  );
  const [found] = rows;
  if (found === undefined) throw new Error('an aggregate without a row');
  return found;
}

/** How many subjects of their keyrings, and how many tenants, have values in any of these columns. */
export async function countAffected(
  db: Queryable,
  unders: readonly Under[],
): Promise<Pick<CountedUnder, 'subjects' | 'tenants'>> {
  const parameters: (readonly string[])[] = [];
  const parts = unders.map((under, index) => {
    const { text, values } = joinedUnder(under, parameters.length + 1);
    parameters.push(...values);
    const { subject } = under.keyring;
    return `select ${index} as part, ${subject === undefined ? 'null' : `(${quoteLiteral(under.keyring.table)}::text, ${subjectOf(under.keyring)}::text)::text`} as subject, ${tenantOf(under.column)} as tenant from ${text}`;
  });
  if (parts.length === 0) return { subjects: null, tenants: null };
  const { rows } = await withHashedJoins(db, () =>
    db.query<{ subjects: number; tenants: number }>(
      `select count(distinct subject)::float8 as subjects, count(distinct tenant)::float8 as tenants
       from (${parts.join(' union all ')}) found`,
      parameters,
    ),
  );
  const hasSubjects = unders.some(({ keyring }) => keyring.subject !== undefined);
  const hasTenants = unders.some(({ column }) => column.tenant !== undefined);
  return {
    subjects: hasSubjects ? (rows[0]?.subjects ?? 0) : null,
    tenants: hasTenants ? (rows[0]?.tenants ?? 0) : null,
  };
}

/** SQL: the values of a column by their keys, `v`, joined with those rows of the keyring, `k`, and of the subject, `s`. */
function joinedUnder({ column, keyring, compromised }: Under, parameter = 1) {
  const value = quoteIdentifier(column.column);
  const isKeyed = `${formatOfValue(value)} = 'keyed'`;
  const tenant =
    column.tenant?.of === 'row' ? `${quoteIdentifier(column.tenant.column)}::text` : 'null::text';
  const { text, values } = whereCompromised(keyring, compromised, parameter);
  return {
    text: `(
      select case when ${isKeyed} then ${keyIdOfValue(value)} end as id, ${tenant} as tenant,
        count(*) as values, sum(pg_catalog.octet_length(${value})) as bytes
      from ${tableName(column.table)} where ${isKeyed} group by 1, 2
    ) v join ${tableName(keyring.table)} k on k.${quoteIdentifier(keyring.id)} = v.id
    ${subjectJoin(column, keyring)} where ${text}`,
    values,
  };
}

/** The subject's own row, where its tenant stands. */
function subjectJoin({ tenant, subject }: Under['column'], keyring: Keyring): string {
  const last = subject.at(-1);
  if (tenant?.of !== 'subject' || last === undefined) return '';
  return `left join ${tableName(last.toTable)} s on s.${quoteIdentifier(last.toColumn)}::text = ${subjectOf(keyring)}::text`;
}

/** SQL, over what `joinedUnder` joins. */
const tenantOf = ({ tenant }: Under['column']): string =>
  tenant?.of === 'subject' ? `s.${quoteIdentifier(tenant.column)}::text` : 'v.tenant';
const subjectOf = ({ subject = '' }: Keyring): string => `k.${quoteIdentifier(subject)}`;
