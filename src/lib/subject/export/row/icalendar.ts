export interface CalendarMerger {
  /** @returns the components of a value that are to be written; empty where it holds none */
  take(value: string): string;
}

export const calendarStart = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//postern//subject export//EN\r\n';
export const calendarEnd = 'END:VCALENDAR\r\n';

/**
 * Many calendars as one (RFC 5545 §3.4): the components of each, a time zone only once. Properties of a calendar as a
 * whole are left out, but for what its components need.
 */
export function calendarMerger(): CalendarMerger {
  const zones = new Set<string>();
  return {
    take(value) {
      const lines = value.replaceAll(/\r?\n|\r/g, '\n').split('\n');
      let result = '';
      let component: string[] = [];
      const open: string[] = [];
      for (const line of lines) {
        const [, what, name = ''] = /^(BEGIN|END):([\w-]+)\s*$/i.exec(line) ?? [];
        const isFrame = name.toUpperCase() === 'VCALENDAR';
        if (isFrame) continue;
        if (what?.toUpperCase() === 'BEGIN') open.push(name.toUpperCase());
        if (open.length > 0 && line !== '') component.push(line);
        if (what?.toUpperCase() !== 'END') continue;
        open.pop();
        if (open.length > 0) continue;
        if (isNew(component)) result += component.map((each) => `${each}\r\n`).join('');
        component = [];
      }
      return result;
    },
  };

  function isNew(component: readonly string[]): boolean {
    if (!/^BEGIN:VTIMEZONE/i.test(component[0] ?? '')) return true;
    const zone = component.find((line) => /^TZID[;:]/i.test(line)) ?? '';
    if (zones.has(zone)) return false;
    zones.add(zone);
    return true;
  }
}
