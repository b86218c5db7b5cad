import { type PasswordContext, passwordKeys } from '../password/index.ts';
import type { Asking } from './ask.ts';
import type { KeyFinding, KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';

/** A row for every password of `keys.passwords`. A server that cannot be asked leaves its row, with what is known. */
export async function passwordRows(
  context: PasswordContext,
  names: readonly string[],
  { unasked }: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  const passwords = await passwordKeys(context, names);
  return passwords.map(({ name, inUse, roles, rotatedAt, cryptoperiodSeconds, findings, unknown }) => {
    for (const reason of unknown) unasked.push({ source: `the password ${name}`, reason });
    return keyRow(
      {
        id: `password:${name}`,
        kind: 'password',
        name,
        state: rotatedAt === null ? 'never rotated' : 'in use',
        ...(rotatedAt === null ? {} : { created: new Date(rotatedAt) }),
        cryptoperiod: cryptoperiodSeconds * 1000,
        atEnd: 'rotate',
        ...(rotatedAt === null ? { next: { action: 'rotate', from: null } } : {}),
        usedFor: [
          inUse === null ? `login of ${roles.map((role) => role.name).join(', ')}` : `login of ${inUse}`,
        ],
        findings: [
          // That it is overdue is found by its end.
          ...findings
            .filter(({ code }) => code !== 'overdue')
            .map(({ code, text }): KeyFinding => ({ code, verdict: 'overdue', message: text })),
          ...unknown.map((message): KeyFinding => ({ code: 'not-asked', verdict: 'unknown', message })),
        ],
      },
      watch,
    );
  });
}
