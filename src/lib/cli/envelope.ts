import { redact } from './redact.ts';
import type { ReportedError } from './report-error.ts';

/** What every command prints under `--json`; the schemas of the results are in docs/schemas. */
export interface Envelope {
  readonly schemaVersion: 1;
  readonly command: string;
  readonly ok: boolean;
  readonly result: unknown;
  readonly warnings: readonly string[];
  readonly error?: Omit<ReportedError, 'isBug'>;
}

export function successEnvelope(command: string, result: unknown, warnings: readonly string[]): Envelope {
  return {
    schemaVersion: 1,
    command,
    ok: true,
    result: redact(result),
    warnings: redact(warnings) as readonly string[],
  };
}

export function errorEnvelope(
  command: string,
  reported: ReportedError,
  warnings: readonly string[],
): Envelope {
  const { isBug: _, ...error } = reported;
  return {
    schemaVersion: 1,
    command,
    ok: false,
    result: null,
    warnings: redact(warnings) as readonly string[],
    error: redact(error) as Envelope['error'] & object,
  };
}
