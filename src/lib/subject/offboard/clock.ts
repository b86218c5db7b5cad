/** Days after the end of a contract within which all personal data is deleted or returned. */
const daysToReturnOrDelete = 30;

const day = 86_400_000;

/** @param endedOn `2026-11-01` @returns the last day of the time, written in the same way */
export const dueOn = (endedOn: string): string =>
  new Date(Date.parse(`${endedOn}T00:00:00Z`) + daysToReturnOrDelete * day).toISOString().slice(0, 10);

/** A day ends with its last moment in UTC. */
export const isAfterDay = (at: Date, lastDay: string): boolean =>
  at.getTime() >= Date.parse(`${lastDay}T00:00:00Z`) + day;
