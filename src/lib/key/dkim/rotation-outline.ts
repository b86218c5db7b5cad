import { formatDuration } from '../../base/duration.ts';
import type { RotationInputs } from './rotation-inputs.ts';

/** The steps of a rotation; each waits by ending with exit 7, and goes on when the plan is applied again. */
export function rotationSteps({ domain, reason, make, retire, hold, queueLife }: RotationInputs) {
  const made = make.map(({ selector, algorithm }) => `${selector} (${algorithm})`).join(', ');
  const old = retire.map(({ selector }) => selector).join(', ');
  const step = (kind: string, summary: string) => ({ kind, summary, inputs: {} });
  const exchange = [
    step('await-published', `wait until every name server has the records of ${made}`),
    step('sign', `sign mail of ${domain} with ${make.map(({ selector }) => selector).join(', ')}`),
  ];
  const retirement = [
    step('await-revoked', `wait until every name server has an empty p= for ${old}`),
    step('await-hold', `keep that for ${formatDuration(hold)}`),
    step('await-removed', `wait until no name server has a record of ${old}`),
    step('destroy-keys', `destroy the private keys of ${old}`),
  ];
  return [
    step('make-keys', `make the key pairs of ${made}`),
    ...(reason === 'compromised'
      ? [step('stop-signing', `stop signing with ${old}, and revoke at once`)]
      : []),
    ...exchange,
    ...(reason === 'scheduled' && retire.length > 0
      ? [
          step(
            'await-grace',
            `let mail signed with ${old} arrive: ${formatDuration(queueLife)} and the records' TTL`,
          ),
        ]
      : []),
    ...(retire.length > 0 ? retirement : []),
  ];
}

/** What it takes at the least, for a person to see before it begins. */
export function rotationDurations({
  negativeMemory: memory,
  recordMemory: ttl,
  queueLife,
  hold,
  retire,
  reason,
}: RotationInputs) {
  const seconds = Math.ceil(memory / 1000);
  const days = (milliseconds: number): number => Math.ceil(milliseconds / 86_400_000);
  const grace = reason === 'compromised' ? 0 : queueLife + ttl;
  return {
    'seconds at least from the records to signing': seconds,
    ...(retire.length === 0 ? {} : { 'days at least until all is done': days(memory + grace + hold) }),
  };
}
