import { formatDuration } from '../base/duration.ts';
import type { KeyRotatePasswordResult, PasswordState } from '../key/password/results.ts';
import { type Column, visible } from './table.ts';

/** Sessions that began with an old password, one line each. */
export function sessionLines(old: KeyRotatePasswordResult['oldSessions']): readonly string[] {
  if (old === null) return [];
  return [
    `sessions  ${old.found} began with an old password, ${old.ended} were ended`,
    ...old.sessions.map(
      ({ pid, role, application, address }) =>
        `          ${role}, server process ${pid}, from ${address ?? 'unknown'}${application === null || application === '' ? '' : `, ${application}`}`,
    ),
  ].map(visible);
}

export const passwordColumns: readonly Column<PasswordState>[] = [
  { header: 'password', value: ({ name }) => name },
  { header: 'in use', value: ({ inUse }) => inUse ?? 'unknown' },
  {
    header: 'kept as',
    value: ({ roles }) => roles.map(({ name, form }) => `${name}: ${formText(form)}`).join(', '),
  },
  {
    header: 'age',
    value: ({ ageSeconds }) => (ageSeconds === null ? undefined : formatDuration(ageSeconds * 1000)),
  },
  { header: 'due', value: ({ dueAt }) => dueAt?.slice(0, 10) },
  { header: 'verdict', value: ({ verdict }) => verdict },
];

function formText(form: PasswordState['roles'][number]['form']): string {
  return form === null || form === 'unknown' ? 'verifier unknown' : form;
}
