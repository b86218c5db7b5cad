import { z } from 'zod';

/** One line of `doctor`. */
export const doctorLine = z.strictObject({
  component: z.string(),
  /** `unknown`: it could not be asked, which is no pass. `absent`: not configured, so nothing to ask. */
  state: z.enum(['ok', 'finding', 'unknown', 'absent']),
  message: z.string(),
  hint: z.string().nullable(),
});

export const doctorResult = z.strictObject({ profile: z.string(), lines: z.array(doctorLine) });

export type DoctorLine = z.infer<typeof doctorLine>;
export type DoctorResult = z.infer<typeof doctorResult>;

/** What one check says of its component. */
export interface Finding {
  readonly state: DoctorLine['state'];
  readonly message: string;
  readonly hint?: string;
}

export const ok = (message: string): Finding => ({ state: 'ok', message });
export const finding = (message: string, hint: string): Finding => ({ state: 'finding', message, hint });
export const absent = (message: string): Finding => ({ state: 'absent', message });
