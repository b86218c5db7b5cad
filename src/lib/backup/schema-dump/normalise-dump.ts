/**
 * What pg_dump writes at the head and the end of a plain dump and that differs from run to run: a random key in psql
 * commands, and version numbers. Only there: the same lines inside a function's body are the customer's.
 */
const head =
  /^(?<title>--\n-- PostgreSQL database dump\n--\n\n)(?:\\restrict [^\n]*\n\n)?-- Dumped from database version (?<serverMajor>\d+)[^\n]*\n-- Dumped by pg_dump version [^\n]*\n\n(?<settings>(?:(?:SET|SELECT) [^\n]*\n)*)/;
const tail = /\n\\unrestrict [^\n]*\n\s*$/;

/** A dump that equals every other dump of the same schema, and that needs no psql; bytes are kept as they are. */
export function normaliseDump(dump: Buffer): Buffer {
  // Latin-1 maps every byte to one character and back.
  const text = dump.toString('latin1');
  const normalised = text.replace(head, normaliseHead).replace(tail, '\n');
  return Buffer.from(normalised, 'latin1');
}

function normaliseHead(_: string, title: string, serverMajor: string, settings: string): string {
  // pg_dump 17 and later write this for older servers too, which do not know it.
  const unknown = Number(serverMajor) < 17 ? 'SET transaction_timeout = 0;\n' : '';
  return title + settings.replace(unknown, '');
}
