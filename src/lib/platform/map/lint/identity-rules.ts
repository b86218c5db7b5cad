import type { MapRule } from './finding.ts';
import { at, isPersonal, type MapModel, type ModelTable } from './map-model.ts';

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
