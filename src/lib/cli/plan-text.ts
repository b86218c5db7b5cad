import type { PlanBody } from '../operation/plan.ts';
import { visible } from './table.ts';

/** A plan for a person's eye: what it does to what, step by step. */
export function planText(id: string, body: PlanBody): string {
  const { target, author } = body;
  const place = target.host === undefined ? target.database : `${target.database} on ${target.host}`;
  const lines = [
    `plan      ${id}`,
    `kind      ${body.kind}`,
    `profile   ${body.profile}`,
    `target    ${place}, cluster ${target.systemIdentifier}${target.cloudAccount === undefined ? '' : `, account ${target.cloudAccount}`}`,
    `author    ${author.osUser} on ${author.host}${author.fingerprint === undefined ? '' : `, key ${author.fingerprint}`}`,
    `made      ${body.createdAt}`,
    `expires   ${body.expiresAt}`,
    ...Object.entries(body.effects).map(
      ([name, count], index) => `${index === 0 ? 'effects   ' : '          '}${count} ${name}`,
    ),
    'steps',
    ...body.steps.map(
      ({ summary, inverse }, index) =>
        `  ${index + 1}. ${summary}${inverse === undefined ? '' : ' (can be undone)'}`,
    ),
  ];
  return lines.map(visible).join('\n');
}
