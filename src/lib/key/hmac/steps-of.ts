import type { Plan } from '../../operation/plan.ts';
import type { HmacInputs } from './inputs.ts';

/** The steps of a plan, in words. */
export function stepsOf(inputs: HmacInputs): Plan['body']['steps'] {
  const { mode, keyring, hashes, active, next, drained, writerCacheSeconds } = inputs;
  const step = (kind: string, summary: string) => ({ kind, summary, inputs: {} });
  const each = (kind: string, summary: (column: string, source: string) => string) =>
    hashes.map(({ table, source, column }) => ({
      kind,
      summary: summary(`${table}.${column}`, source),
      inputs: { table, column },
    }));
  if (mode === 'finish') {
    return [
      ...each(
        'check',
        (column, source) =>
          `compare the hash of version ${active?.version} beside each ${source}, before ${column} is emptied`,
      ),
      ...(drained.length === 0
        ? []
        : [
            step(
              'drain',
              `mark the old version of ${keyring} as drained: applications no longer write its column`,
            ),
            step('await', `wait ${writerCacheSeconds} s, until every application knows that`),
          ]),
      ...each(
        'clear',
        (column) => `empty ${column}, row by row, where the hash of version ${active?.version} is right`,
      ),
    ];
  }
  const version = next?.version ?? active?.version;
  const fill = each('fill', (column, source) => `hash ${source} with version ${version} into ${column}`);
  const verify = each('verify', (column, source) => `hash each ${source} again, and compare with ${column}`);
  if (next === null) return [...fill, ...verify];
  return [
    next.id === null
      ? step('make', `make version ${version} in ${keyring}, pre-active`)
      : step('make', `go on with version ${version} in ${keyring}, which is pre-active already`),
    step(
      'await',
      `wait ${writerCacheSeconds} s, until every application writes the column of version ${version}`,
    ),
    ...fill,
    ...verify,
    step(
      'activate',
      `make version ${version} active${active === null ? '' : `, and version ${active.version} decrypt-only`}`,
    ),
    step('await', `wait ${writerCacheSeconds} s, until every application looks up by version ${version}`),
    ...each(
      'settle',
      (column, source) => `hash each ${source} once more, for what was written meanwhile to ${column}`,
    ),
  ];
}
