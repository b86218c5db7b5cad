import type { MapRule } from './finding.ts';
import { at, isPersonal, type MapModel, type ModelTable, notOne, ownerReferences } from './map-model.ts';

interface Use {
  readonly identity: string;
  readonly path: readonly (string | number)[];
}

function identityUses(table: ModelTable): readonly Use[] {
  return table.fields.flatMap(([name, field]) => [
    ...(field.identity === undefined
      ? []
      : [{ identity: field.identity, path: at(table, 'fields', name, 'identity') }]),
    ...Object.entries(field.paths ?? {}).flatMap(([path, { identity }]) =>
      identity === undefined
        ? []
        : [{ identity, path: at(table, 'fields', name, 'paths', path, 'identity') }],
    ),
  ]);
}

const declared = ({ map }: MapModel): readonly (readonly [subject: string, identity: string])[] =>
  Object.entries(map.subjects).flatMap(([subject, { identities }]) =>
    Object.keys(identities).map((identity) => [subject, identity] as const),
  );

export const unusedIdentity: MapRule = {
  id: 'MAP17',
  severity: 'warning',
  demand: 'every identity is found in some field',
  *check(model) {
    const used = new Set([...model.tables.values()].flatMap(identityUses).map(({ identity }) => identity));
    for (const [subject, identity] of declared(model)) {
      if (used.has(`${subject}.${identity}`)) continue;
      yield {
        path: ['subjects', subject, 'identities', identity],
        message: `no field has the identity ${subject}.${identity}`,
      };
    }
  },
};

export const unknownIdentity: MapRule = {
  id: 'MAP18',
  severity: 'error',
  demand: 'fields name identities that a subject has',
  *check(model) {
    const known = new Set(declared(model).map(([subject, identity]) => `${subject}.${identity}`));
    for (const { identity, path } of [...model.tables.values()].flatMap(identityUses)) {
      if (identity !== 'TODO' && !known.has(identity))
        yield { path, message: `no subject has the identity ${identity}` };
    }
  },
};

export const unreachable: MapRule = {
  id: 'MAP25',
  severity: 'error',
  demand: 'personal rows can be found from an identity, over references in either direction',
  *check(model) {
    const reached = reachedFromIdentities(model);
    for (const table of model.tables.values()) {
      if (reached.has(table.name) || !table.fields.some(([, field]) => isPersonal(field))) continue;
      yield { path: at(table), message: `${table.name} holds personal data that no identity leads to` };
    }
  },
};

export const ownedByNoPerson: MapRule = {
  id: 'MAP48',
  severity: 'error',
  demand: 'rows of one person that have a name belong to a row that is a person',
  *check(model) {
    for (const table of model.tables.values()) {
      const names = namesIn(table);
      if (table.entry.ownership !== 'exclusive' || names.length === 0) continue;
      const tops = topsOf(model, table);
      if (tops.includes(table) || tops.some((top) => namesIn(top).length > 0)) continue;
      const owners = tops.map(({ name }) => name).join(' and ');
      yield {
        path: at(table, 'ownership'),
        message: `${table.name} has names of persons (${names.join(', ')}), and belongs to ${owners}, of which no row is a person: give it an identity, such as its key; or call it third-party, as tenants are`,
      };
    }
  },
};

export const unfitAbout: MapRule = {
  id: 'MAP49',
  severity: 'error',
  demand: 'about by a reference is for single values and lists, and leads to a row of somebody',
  *check(model) {
    for (const table of model.tables.values()) {
      for (const { part, path } of partsOf(table)) {
        if (typeof part.about !== 'object') continue;
        const { by } = part.about;
        const what = notOne(table, by);
        const reference = table.references.find(({ name }) => name === by);
        const owner = model.tables.get(reference?.toTable ?? '')?.entry.ownership;
        if (what !== undefined) yield { path, message: `${table.name} has ${what}` };
        else if (owner !== 'exclusive')
          yield {
            path,
            message: `rows that ${by} leads to are not of one person each: what is about whom cannot be told`,
          };
        else if (part.parser !== undefined || part.identity === undefined)
          yield { path, message: 'about by a reference needs an identity, and no parser: texts name many' };
      }
    }
  },
};

/** The fields of a table, and what stands at their paths. */
const partsOf = (table: ModelTable) =>
  table.fields.flatMap(([name, field]) => [
    { part: field, path: at(table, 'fields', name, 'about') },
    ...Object.entries(field.paths ?? {}).map(([path, part]) => ({
      part,
      path: at(table, 'fields', name, 'paths', path, 'about'),
    })),
  ]);

/** Fields that say who a row is: one value each. A telephone number may be that of several. */
export const namesIn = ({ fields }: ModelTable): readonly string[] =>
  fields.flatMap(([name, { category = '', identity, type, parser, encrypted, hmac }]) =>
    identity === undefined ||
    identity.endsWith('.phone') ||
    category.startsWith('user.contact.phone_number') ||
    type === undefined ||
    type.endsWith(']') ||
    (parser ?? encrypted ?? hmac) !== undefined
      ? []
      : name,
  );

/** The tables of single persons' rows that its rows belong to in the end: itself, where they belong to none. */
export function topsOf(
  { tables }: Pick<MapModel, 'tables'>,
  table: ModelTable,
  seen = new Set<string>(),
): readonly ModelTable[] {
  seen.add(table.name);
  const owners = ownerReferences(table).flatMap(({ toTable }) => {
    const owner = tables.get(toTable);
    return owner?.entry.ownership === 'exclusive' && owner !== table ? owner : [];
  });
  if (owners.length === 0) return [table];
  return [
    ...new Set(owners.flatMap((owner) => (seen.has(owner.name) ? [] : topsOf({ tables }, owner, seen)))),
  ];
}

/** Tables with an identity of their own, and tables whose references lead to such; a sender's row also to its parts. */
function reachedFromIdentities(model: MapModel): ReadonlySet<string> {
  const reached = new Set(
    [...model.tables.values()].filter((table) => identityUses(table).length > 0).map(({ name }) => name),
  );
  const links = [...model.tables.values()].flatMap(({ name, references }) =>
    references.map(({ toTable }) => [name, toTable] as const),
  );
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const [from, to] of links) {
      if (reached.has(from) || reached.has(to)) reached.add(from).add(to);
    }
  }
  return reached;
}
