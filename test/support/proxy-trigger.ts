import type { Direction, ProxiedConnection } from './proxy-connection.ts';

/** When a fault happens: once in each connection that matches. */
export interface Trigger {
  readonly direction: Direction;
  /** Only in connections whose `application_name` matches. */
  readonly application?: RegExp;
  /** Once this many bytes have gone in this direction. */
  readonly bytes?: number;
  /** Once these bytes have gone by; text is UTF-8. Found across packets. */
  readonly pattern?: string | Uint8Array;
  /** The how-manyth occurrence of the pattern in a connection; 1 unless told. */
  readonly nth?: number;
  /** `before`: the pattern itself is not let through, as far as it comes in one piece; `after` unless told. */
  readonly side?: 'before' | 'after';
  /** In how many connections; 1 unless told. */
  readonly times?: number;
}

/** Looks for one trigger in one direction of one connection. */
export interface TriggerWatch {
  /** Where in the next bytes the trigger fires: how many of them pass before. */
  find(next: Buffer): number | undefined;
  /** These bytes have gone by. */
  pass(bytes: Buffer): void;
}

/** @param position bytes that have gone in this direction before the watch began */
export function watchFor(trigger: Trigger, position: number): TriggerWatch {
  if (trigger.pattern !== undefined) return watchPattern(Buffer.from(trigger.pattern as string), trigger);
  return watchBytes(trigger.bytes ?? 0, position);
}

/** Whether the trigger is meant for this connection; a name is known only after the start-up packet. */
export function concerns({ application }: Trigger, connection: ProxiedConnection): boolean {
  return application === undefined || application.test(connection.application ?? '');
}

function watchBytes(bytes: number, begin: number): TriggerWatch {
  let position = begin;
  return {
    find: (next) => (position + next.length >= bytes ? Math.max(0, bytes - position) : undefined),
    pass(gone) {
      position += gone.length;
    },
  };
}

function watchPattern(pattern: Buffer, { nth = 1, side = 'after' }: Trigger): TriggerWatch {
  if (pattern.length === 0) throw new Error('an empty pattern is everywhere');
  let tail = Buffer.alloc(0);
  let seen = 0;
  return {
    find(next) {
      const text = Buffer.concat([tail, next]);
      const at = occurrences(text, pattern)[nth - seen - 1];
      if (at === undefined) return undefined;
      return Math.max(0, at - tail.length + (side === 'after' ? pattern.length : 0));
    },
    pass(gone) {
      const text = Buffer.concat([tail, gone]);
      seen += occurrences(text, pattern).length;
      // One byte less than the pattern, so that no occurrence is counted twice.
      tail = text.subarray(Math.max(0, text.length - pattern.length + 1));
    },
  };
}

function occurrences(text: Buffer, pattern: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) found.push(at);
  return found;
}
