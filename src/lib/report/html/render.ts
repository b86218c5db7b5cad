import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { escapeText } from './markup.ts';
import type { Cell, Report } from './report.ts';

/**
 * A report as one HTML page: every string escaped, no scripts, nothing fetched; its policy allows its own style sheet
 * and nothing else.
 */
export async function renderReport(report: Report): Promise<string> {
  const { Eta } = await import('eta');
  const style = await readFile(new URL('./style.css', import.meta.url), 'utf8');
  const eta = new Eta({
    views: fileURLToPath(new URL('.', import.meta.url)),
    autoEscape: true,
    escapeFunction: escapeText,
    autoTrim: 'nl',
  });
  return eta.render('page', {
    report,
    style,
    policy: `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    madeAt: `${report.madeAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    sign,
    cell: wholeCell,
  });
}

/** A sign beside the colour. */
const sign = { good: '✓', bad: '✗', warning: '!', neutral: '' } as const;

function wholeCell(cell: Cell) {
  const { text, tone = 'neutral', style = 'plain' } = typeof cell === 'string' ? { text: cell } : cell;
  return { text, tone, style };
}
