/** `1 table`, `2,000 tables`; for nouns whose plural is an s. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
