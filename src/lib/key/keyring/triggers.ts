import type { KeyringTable } from './keyring-table.ts';

/** Triggers of a keyring that a change of these columns sets off, by name. */
export function keyringTriggers(
  { relation }: Pick<KeyringTable, 'relation'>,
  changed: readonly (string | undefined)[],
): readonly string[] {
  return relation.triggers
    .filter(
      ({ events, columns, enabled }) =>
        enabled !== 'disabled' &&
        events.includes('update') &&
        (columns.length === 0 || columns.some((name) => changed.includes(name))),
    )
    .map(({ name }) => name);
}

/** The same, a sentence each. */
export const keyringTriggerWarnings = (
  keyring: Pick<KeyringTable, 'table' | 'relation'>,
  changed: readonly (string | undefined)[],
): readonly string[] =>
  keyringTriggers(keyring, changed).map(
    (name) =>
      `every change of ${keyring.table} sets off the trigger ${name}: see that it copies wrapped keys nowhere`,
  );
