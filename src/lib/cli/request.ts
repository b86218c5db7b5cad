import { parseTime } from '../base/parse-time.ts';
import type { RequestContext } from '../subject/request/requests.ts';
import type { SubjectRequest } from '../subject/request/results.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import type { Column } from './table.ts';

export function requestContext(context: PosternContext): Promise<RequestContext> {
  return operationContext(context);
}

/** When a request came; a date alone means its first moment, from which the time runs. Errors as `parseTime`. */
export const receivedAt = (given: string): Date => parseTime(given, 'start');

export const requestColumns: readonly Column<SubjectRequest>[] = [
  { header: 'no', value: ({ number }) => number, align: 'right' },
  { header: 'kind', value: ({ kind }) => kind },
  { header: 'reference', value: ({ reference }) => reference },
  { header: 'received', value: (request) => request.receivedAt.slice(0, 10) },
  { header: 'due', value: ({ dueAt }) => dueAt.slice(0, 10) },
  { header: 'tenant', value: ({ tenant }) => tenant ?? undefined },
  { header: 'verified', value: ({ verified }) => verified?.at.slice(0, 10) },
  { header: 'state', value: ({ verdict, closed }) => closed?.outcome ?? verdict },
];

/** Everything about a request, a line each. */
export function requestLines(request: SubjectRequest): readonly string[] {
  const { closed, verified, extended } = request;
  const rows: readonly (readonly [string, string | null])[] = [
    ['reference', request.reference],
    ['received', request.receivedAt],
    ['due', request.dueAt],
    ['tenant', request.tenant],
    ['instruction', request.instruction],
    ['verified', verified && `${verified.at}: ${verified.how}`],
    ['extended', extended && `${extended.at}: ${extended.reason}`],
    ['closed', closed && `${closed.at}: ${closed.outcome}`],
    ['note', closed?.note ?? null],
    ['certificate', closed?.certificateId ?? null],
    ['verdict', request.verdict],
  ];
  return [
    `request ${request.number}, ${request.kind}`,
    ...rows.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(12)}${text}`])),
  ];
}
