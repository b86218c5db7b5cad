import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileProblem } from '../../base/file-problem.ts';
import {
  fieldScanner,
  inflaterFor,
  magicLength,
  type ResidueForm,
  type ScanOptions,
  type Search,
  searchFor,
} from '../residue/index.ts';
import { lineScanner, type ScannedLines } from './line-scanner.ts';
import { type LogFiles, logFiles } from './log-files.ts';

export interface LogScan {
  /** Files with lines that name somebody, as they may be shown. */
  readonly logs: readonly { readonly file: string; readonly lines: number }[];
  /**
   * `place` is `log file PATH`; of column `line`, `rows` are lines; `lines`: a name that goes on from one line to
   * another; `name`: it stands in the name of the file.
   */
  readonly found: { place: string; column: string; form: ResidueForm; rows: number }[];
  readonly unasked: { source: string; reason: string }[];
  /** Files that were read to their end. */
  readonly places: number;
  readonly lines: number;
  /** As they are on the disk. */
  readonly bytes: number;
}

const chunkSize = 2 ** 18;

/**
 * Looks for names in log files, opened where they are compressed, in memory that does not grow with them. A line counts
 * once, however often it names somebody.
 * @param patterns absolute; as `logFiles`
 */
export async function scanLogs(patterns: readonly string[], options: ScanOptions): Promise<LogScan> {
  const { files, unasked }: LogFiles = await logFiles(patterns);
  const search = searchFor(options.names);
  const scan = { found: [] as LogScan['found'], unasked: [...unasked], places: 0, lines: 0, bytes: 0 };
  const logs: { file: string; lines: number }[] = [];
  for (const path of files) {
    options.signal.throwIfAborted();
    const inName = formsOf(search, basename(path));
    const file = shownFile(path, inName.size > 0);
    const place = `log file ${file}`;
    options.onPlace?.(place);
    for (const form of inName) scan.found.push({ place, column: 'name', form, rows: 1 });
    const { bytes, scanned, problem } = await scanFile(path, search, options.signal);
    if (problem === undefined) scan.places += 1;
    else scan.unasked.push({ source: place, reason: problem });
    scan.bytes += bytes;
    scan.lines += scanned.lines;
    if (scanned.naming > 0) logs.push({ file, lines: scanned.naming });
    for (const [form, rows] of scanned.forms) scan.found.push({ place, column: 'line', form, rows });
    for (const form of scanned.whole)
      if (!scanned.forms.has(form)) scan.found.push({ place, column: 'lines', form, rows: 1 });
  }
  return { logs, ...scan };
}

interface ScannedFile {
  readonly bytes: number;
  readonly scanned: ScannedLines;
  /** Why it was not read to its end. */
  readonly problem: string | undefined;
}

async function scanFile(path: string, search: Search, signal: AbortSignal): Promise<ScannedFile> {
  const lines = lineScanner(search);
  let bytes = 0;
  let problem: string | undefined;
  try {
    await using handle = await open(path, 'r');
    const head = Buffer.alloc(magicLength);
    const { bytesRead } = await handle.read(head, 0, magicLength, 0);
    const inflater = inflaterFor(head.subarray(0, bytesRead), (part) => lines.feed(part));
    const chunk = Buffer.alloc(chunkSize);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead: length } = await handle.read(chunk, 0, chunkSize, bytes);
      if (length === 0) break;
      bytes += length;
      if (inflater === undefined) lines.feed(chunk.subarray(0, length));
      else await inflater.feed(chunk.subarray(0, length));
    }
    problem = await inflater?.end();
  } catch (error) {
    signal.throwIfAborted();
    problem = fileProblem(error).replaceAll(path, 'it');
  }
  return { bytes, scanned: lines.end(), problem };
}

/** A file that is named after a person is not. */
function shownFile(path: string, isNamed: boolean): string {
  const name = basename(path);
  if (!isNamed && !name.includes('@')) return path;
  return join(dirname(path), `*#${createHash('sha256').update(name).digest('hex').slice(0, 8)}`);
}

function formsOf(search: Search, text: string): ReadonlySet<ResidueForm> {
  const scanner = fieldScanner(search);
  for (const byte of Buffer.from(text)) scanner.feed(byte);
  return scanner.end();
}
