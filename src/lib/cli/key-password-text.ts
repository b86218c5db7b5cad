import { formatDuration } from '../base/duration.ts';
import type { PasswordState } from '../key/password/results.ts';
import type { Column } from './table.ts';

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
