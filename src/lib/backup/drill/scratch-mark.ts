import { z } from 'zod';

const scratchName = /^postern_drill_[0-9a-f]{16}$/;

/** `postern_drill_9f2c41d09f2c41d0`, the name of a scratch database and of the login for its smoke queries. */
export function newScratchName(random: string): string {
  const name = `postern_drill_${random}`;
  if (scratchName.test(name)) return name;
  throw new Error(`${random} are not sixteen hexadecimal digits`);
}

/** For `~` in SQL. */
export const scratchPattern = scratchName.source;

const mark = z.strictObject({
  /** The drill's profile and set, for people. */
  profile: z.string(),
  setId: z.string(),
  startedAt: z.string(),
  /** Roles that the server did not have before. */
  roles: z.array(z.string()),
  /** A person wants to look at it. */
  kept: z.boolean(),
});

export type ScratchMark = z.infer<typeof mark>;

const head = 'scratch database of a postern drill: ';

/** The comment of a scratch database: only what bears it is ever dropped. */
export function writeMark(value: ScratchMark): string {
  return `${head}${JSON.stringify(value)}`;
}

/** @returns undefined when the comment is none of ours */
export function readMark(comment: string | null): ScratchMark | undefined {
  if (comment?.startsWith(head) !== true) return undefined;
  try {
    return mark.safeParse(JSON.parse(comment.slice(head.length))).data;
  } catch {
    return undefined;
  }
}
