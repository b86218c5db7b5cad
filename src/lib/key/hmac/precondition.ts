import type { Precondition } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import type { HashSource } from './hashed-column.ts';
import type { HmacScope } from './scope.ts';

/** What the plan was made for: which hashes of what, under which versions, and what a change of them sets off. */
export function hmacPrecondition({ keyring, hashes, versions }: HmacScope): Precondition {
  const { relation: _, ...described } = keyring;
  return precondition('HMAC keyring and columns', {
    keyring: JSON.parse(JSON.stringify(described)),
    versions: versions.map(({ id, version, state }) => ({ id, version, state })),
    hashes: hashes.map(({ table, source, columns, encoding, normalise, bits, walkable, relation }) => ({
      table,
      source: describedSource(source),
      columns: { ...columns },
      encoding,
      normalise: [...normalise],
      bits,
      key: walkable.key.map(({ name, type }) => ({ name, type })),
      triggers: relation.triggers.map(({ name, definition }) => ({ name, definition })),
    })),
  });
}

function describedSource(source: HashSource) {
  const { kind, column } = source;
  if (source.kind !== 'encrypted') return { kind, column };
  const { name, subject } = source.sealed;
  return {
    kind,
    column,
    name: { ...name },
    keyring: source.keyring.table,
    subject: subject.map((step) => ({ ...step })),
  };
}
