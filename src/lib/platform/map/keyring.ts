import type { DataMap, MapKeyring } from './map-schema.ts';
import { canonicalName, parseColumnName } from './name.ts';
import { parseObjectKey as parseTemplate, type ObjectKeyPart as TemplatePart } from './object-key.ts';

/** A table of wrapped data encryption keys, as the map describes it. */
export interface Keyring extends Omit<MapKeyring, 'context'> {
  /** Canonical `schema.table`. */
  readonly table: string;
  /** The encryption context of a row: a template for each name. */
  readonly context: Readonly<Record<string, readonly TemplatePart[]>>;
}

/** All keyrings, in the map's order. */
export function keyringsOf(map: DataMap): readonly Keyring[] {
  return Object.entries(map.keyrings ?? {}).map(([name, { context = {}, ...columns }]) => ({
    ...columns,
    table: canonicalName(name),
    context: Object.fromEntries(
      Object.entries(context).map(([key, template]) => [key, parseTemplate(template) ?? []]),
    ),
  }));
}

/** Every column of the keyring that its map names, contexts included, each once. */
export function keyringColumns(keyring: Keyring): readonly string[] {
  const { id, subject, version, state, kek, wrapped, material, created } = keyring;
  const own = [id, subject, version, state, kek, wrapped, material, created];
  const inContext = Object.values(keyring.context).flatMap((parts) =>
    parts.flatMap((part) => ('column' in part ? [part.column] : [])),
  );
  return [...new Set([...own.filter((column) => column !== undefined), ...inContext])];
}

/** The keyring whose wrapped keys stand in this column, `schema.table.column`. */
export function keyringOfColumn(keyrings: readonly Keyring[], dek: string): Keyring | undefined {
  const name = parseColumnName(dek);
  return keyrings.find(({ table, wrapped }) => table === name?.table && wrapped === name.column);
}
