import { z } from 'zod';
import { integrityError } from '../../base/error.ts';
import type { ManagedPassword } from './context.ts';
import type { Login } from './place.ts';

const logins = z.array(z.strictObject({ role: z.string(), password: z.string() }));

const form = z.strictObject({ planId: z.string(), logins, earlier: logins });

/** New passwords that are not published yet: between setting one and handing it on, this is who knows it. */
export interface Pending {
  readonly planId: string;
  readonly logins: readonly Login[];
  /** Of plans that were given up: one of these may be what a server has. */
  readonly earlier: readonly Login[];
}

/** @throws {PosternError} exit 5 `secret-damaged` */
export async function readPending({ pending }: ManagedPassword): Promise<Pending | undefined> {
  const text = await pending.read();
  if (text === undefined) return undefined;
  try {
    return form.parse(JSON.parse(text));
  } catch {
    // No cause: it would repeat some of the text.
    throw integrityError(`${pending.path} is not what postern writes there`, {
      code: 'secret-damaged',
      hints: ['look who wrote there; move it away, and run this again'],
    });
  }
}

export function writePending({ pending }: ManagedPassword, contents: Pending): Promise<void> {
  return pending.write(`${JSON.stringify(contents, undefined, 2)}\n`);
}
