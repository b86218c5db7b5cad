import type { PlanBody } from '../operation/plan.ts';
import { visible } from './table.ts';

/** `2 hashes removed`, `1 hash removed`: an effect is named by a plural, with more words about it. */
function effectText(count: number, name: string): string {
  const noun = count === 1 ? name.replace(/(?:(?<=h)es|s)\b/, '') : name;
  return `${count} ${noun}`;
}

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
      ([name, count], index) => `${index === 0 ? 'effects   ' : '          '}${effectText(count, name)}`,
    ),
    'steps',
    ...body.steps.map(
      ({ summary, inverse }, index) =>
        `  ${index + 1}. ${summary}${inverse === undefined ? '' : ' (can be undone)'}`,
    ),
  ];
  return lines.map(visible).join('\n');
}
