import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { CountedColumn, PlannedRotation, PseudonymContext } from '../subject/pseudonym/rotate/index.ts';
import type { SubjectPseudonymsRotateResult } from '../subject/pseudonym/rotate/results.ts';
import type { PosternContext } from './context.ts';
import { keyMap } from './key-census.ts';
import { operationContext } from './operation-context.ts';
import { pseudonymKeys } from './subject-keys.ts';
import type { SubmittedPlan } from './submit-plan.ts';
import type { Column } from './table.ts';

/** All that a rotation needs; nothing is opened yet. */
export async function pseudonymContext(context: PosternContext): Promise<PseudonymContext> {
  const { openPlatformForChange } = await import('../platform/connection.ts');
  return {
    ...(await operationContext(context)),
    openWriter: async () => openPlatformForChange(await context.platformWriteUrl(), { purpose: 'subject' }),
    map: () => keyMap(context),
    newestKey: async () => {
      const [newest] = (await pseudonymKeys(context)) ?? [];
      if (newest !== undefined) return newest;
      throw usageError(`the profile ${context.profile} has no key to make pseudonyms with`, {
        code: 'not-configured',
        hints: ['`openssl rand -hex 32` makes one: docs/pseudonyms.md says where it belongs'],
      });
    },
  };
}

interface VersionRow {
  readonly table: string;
  readonly column: string;
  readonly version: number | undefined;
  readonly values: number;
}

/** A row for every version in every column; one without any for a column that has none. */
export function versionRows(columns: readonly CountedColumn[]): readonly VersionRow[] {
  return columns.flatMap(({ table, column, versions }) => {
    const none: readonly VersionRow[] = [{ table, column, version: undefined, values: 0 }];
    return versions.length === 0 ? none : versions.map((one) => ({ table, column, ...one }));
  });
}

export const versionColumns: readonly Column<VersionRow>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'column', value: ({ column }) => column },
  { header: 'version', value: ({ version }) => version, align: 'right' },
  { header: 'pseudonyms', value: ({ values }) => values, align: 'right' },
];

/** What is about to be done, and what it sets off. */
export function rotationWarnings({ plan, inputs }: PlannedRotation): readonly string[] {
  if (plan === undefined || inputs.triggers.length === 0) return [];
  return [
    `every change sets off ${counted(inputs.triggers.length, 'trigger')}: ${inputs.triggers.join(', ')}`,
  ];
}

export function rotationResult(
  { inputs, plan, values }: PlannedRotation,
  submitted: SubmittedPlan | undefined,
  after: readonly CountedColumn[] | null,
): SubjectPseudonymsRotateResult {
  return {
    version: inputs.version,
    values,
    before: inputs.columns,
    after: after === null ? null : [...after],
    planId: submitted?.outcome === 'not stored' ? null : (plan?.id ?? null),
    outcome: submitted?.outcome ?? 'nothing to do',
    certificateId: submitted?.applied?.certificateId ?? null,
  };
}

export function rotationLines(result: SubjectPseudonymsRotateResult): readonly string[] {
  const { outcome, values, version, planId, certificateId } = result;
  if (outcome === 'nothing to do') return [`no pseudonym is under a key older than version ${version}`];
  if (outcome !== 'applied')
    return [
      `${counted(values, 'pseudonym')} under older keys than version ${version}`,
      `${outcome}${planId === null ? '' : `: plan ${planId}`}`,
    ];
  return [
    `${counted(values, 'pseudonym')} put under version ${version}; none is under an older key`,
    'this is no erasure: pseudonymised data is personal data',
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}
