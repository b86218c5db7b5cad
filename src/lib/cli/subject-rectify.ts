import { resolve } from 'node:path';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import { parseColumnName } from '../platform/map/index.ts';
import type { PlannedRectify, RectifyContext, RectifyValues } from '../subject/rectify/index.ts';
import type { SubjectRectifyResult } from '../subject/rectify/results.ts';
import type { PosternContext } from './context.ts';
import { keyMap } from './key-census.ts';
import { operationContext } from './operation-context.ts';
import { requireSubjectKeys } from './subject-keys.ts';
import type { PlanMode, SubmittedPlan } from './submit-plan.ts';
import type { Column } from './table.ts';

/** All that a rectification needs; nothing is opened yet. @param values where this process was told */
export async function rectifyContext(
  context: PosternContext,
  values?: RectifyValues,
): Promise<RectifyContext> {
  const { openPlatformForChange } = await import('../platform/connection.ts');
  return {
    ...(await operationContext(context)),
    openWriter: async () => openPlatformForChange(await context.platformWriteUrl(), { purpose: 'rectify' }),
    map: () => keyMap(context),
    hasher: () => requireSubjectKeys(context),
    ...(values === undefined ? {} : { values }),
  };
}

/** @throws {PosternError} as `requireAsked` */
export async function requireRectificationRequest(context: PosternContext, number: number): Promise<void> {
  const { requireAsked } = await import('../subject/request/index.ts');
  await requireAsked(await operationContext(context), number, 'rectification');
}

/** What the command line says of the values. */
export interface GivenValues {
  readonly person: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly field: string | undefined;
  readonly values: string | undefined;
  readonly shared?: readonly string[] | undefined;
}

export interface ReadValues {
  readonly values: RectifyValues;
  /** Absolute, where they are in a file. */
  readonly valuesFile: string | null;
  readonly field: { readonly table: string; readonly column: string } | null;
}

/**
 * The values, from flags, the file, or the new one from standard input.
 * @throws {PosternError} exit 2, `rectify-values-invalid`, `rectify-field`
 */
export async function givenValues({
  person,
  from,
  to,
  field,
  values: file,
  shared,
}: GivenValues): Promise<ReadValues> {
  const column = fieldOf(field);
  if (file !== undefined) {
    if ([person, from, to, shared].some((one) => one !== undefined)) throw both();
    const { readValues } = await import('../subject/rectify/index.ts');
    const valuesFile = resolve(file);
    return { values: requireShape(await readValues(valuesFile), column), valuesFile, field: column };
  }
  if (person === undefined) {
    throw usageError('name the person, or a file by --values', { code: 'rectify-values-invalid' });
  }
  const right = to ?? (await fromInput());
  if (right === '') throw usageError('the new value is empty', { code: 'rectify-values-invalid' });
  const values = {
    who: [person],
    to: right,
    ...(from === undefined ? {} : { from }),
    ...(shared === undefined ? {} : { shared: [...shared] }),
  };
  return { values: requireShape(values, column), valuesFile: null, field: column };
}

const both = (): Error =>
  usageError('the values are in the file, and on the command line too', { code: 'rectify-values-invalid' });

function fieldOf(written: string | undefined): ReadValues['field'] {
  if (written === undefined) return null;
  const parsed = parseColumnName(written);
  if (parsed !== undefined) return parsed;
  throw usageError('the field is not written as schema.table.column', { code: 'rectify-field' });
}

function requireShape(values: RectifyValues, field: ReadValues['field']): RectifyValues {
  if ((values.from === undefined) !== (field === null)) return values;
  throw usageError(
    field === null
      ? 'say what is wrong by --from, or which column by --field'
      : 'a field is set whatever stood there: leave out what was wrong',
    { code: 'rectify-values-invalid' },
  );
}

async function fromInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw usageError('the new value is missing', {
      code: 'rectify-values-invalid',
      hints: ['give it by --to, in a file by --values, or on standard input'],
    });
  }
  const { buffer } = await import('node:stream/consumers');
  const { valueText } = await import('../subject/rectify/index.ts');
  return valueText(await buffer(process.stdin)).replace(/\r?\n$/, '');
}

/**
 * A plan that waits for somebody is applied by a process that knows no values: they have to be in a file.
 * @throws {PosternError} exit 2, `rectify-needs-file`
 */
export function requireFile(mode: PlanMode, approvals: number, valuesFile: string | null): void {
  if (mode === 'dry-run' || valuesFile !== null || (mode === 'apply' && approvals === 0)) return;
  throw usageError('a plan keeps no value of a person, and this one is applied later', {
    code: 'rectify-needs-file',
    hints: ['give the values by --values FILE, and keep the file as it is until the plan is applied'],
  });
}

type Place = SubjectRectifyResult['places'][number];

export const placeColumns: readonly Column<Place>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'column', value: ({ column }) => column },
  {
    header: 'whose',
    value: ({ whose }) => (whose === 'others' ? 'of others' : whose === 'own' ? 'theirs' : 'shared'),
  },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
  { header: 'what becomes of them', value: ({ action }) => words[action] },
];

const words = { change: 'corrected', keep: 'kept, as the data map says', leave: 'left' } as const;

export function rectifyResult(
  { plan, inputs }: PlannedRectify,
  { outcome, applied }: SubmittedPlan,
  done: Pick<SubjectRectifyResult, 'corrected' | 'held'>,
): SubjectRectifyResult {
  const { places, toTell, triggers, objections } = inputs;
  const certificateId = applied?.certificateId ?? null;
  return { places, toTell, triggers, objections, planId: plan.id, outcome, certificateId, ...done };
}

/** Beside the table of places. */
export function rectifyLines({ toTell, triggers, objections }: SubjectRectifyResult): readonly string[] {
  return [
    ...triggers.map(
      ({ name, effect, to }) => `sets off ${name}: ${effect}${to.length === 0 ? '' : ` to ${to.join(', ')}`}`,
    ),
    ...objections.map(
      (channel) =>
        `objected to ${channel} under the old name: put the new one on the list by \`postern subject object - --channel ${channel}\``,
    ),
    ...toTell.map(({ kind, name, rows }) =>
      kind === 'table'
        ? `to be told (Article 19): whoever ${counted(rows, 'row')} of ${name} are kept for`
        : `to be told (Article 19): whoever ${name} sends to`,
    ),
  ];
}
