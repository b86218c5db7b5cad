import { failure } from '../../base/error.ts';
import { labelName, metricName } from './format.ts';
import { labelKey, type MetricFamily, type Sample } from './metric.ts';

type Draft = { help: string; type: MetricFamily['type']; samples: Sample[]; keys: Set<string> };

/**
 * Reads what `formatMetrics` writes, and nothing looser: gauges, counters and untyped samples without timestamps.
 * @throws {PosternError} exit 1, `code: 'not-metrics'`, with the line
 */
export function parseMetrics(text: string): readonly MetricFamily[] {
  const drafts = new Map<string, Draft>();
  const draft = (name: string): Draft => {
    const known = drafts.get(name) ?? { help: '', type: 'untyped', samples: [], keys: new Set() };
    drafts.set(name, known);
    return known;
  };
  if (text !== '' && !text.endsWith('\n')) throw notMetrics(text.split('\n').length, 'it ends within a line');
  for (const [index, line] of text.split('\n').entries()) {
    try {
      parseLine(line, draft);
    } catch (error) {
      if (error instanceof SyntaxError) throw notMetrics(index + 1, error.message);
      throw error;
    }
  }
  return [...drafts].map(([name, { help, type, samples }]) => ({ name, help, type, samples }));
}

function parseLine(line: string, draft: (name: string) => Draft): void {
  if (line === '') return;
  const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line) ?? [];
  if (keyword === undefined) {
    if (line.startsWith('#')) return;
    const sample = parseSample(line);
    const into = draft(sample.name);
    const key = labelKey(sample.labels);
    if (into.keys.has(key)) throw new SyntaxError('a sample stands there twice');
    into.keys.add(key);
    into.samples.push({ labels: sample.labels, value: sample.value });
    return;
  }
  if (!metricName.test(name)) throw new SyntaxError('no metric has this name');
  if (keyword === 'HELP') draft(name).help = unescape(rest);
  else draft(name).type = metricType(rest);
}

function metricType(text: string): MetricFamily['type'] {
  if (text === 'gauge' || text === 'counter' || text === 'untyped') return text;
  throw new SyntaxError('it has a type of metric that postern does not write');
}

function parseSample(line: string): Sample & { readonly name: string } {
  const [start = '', name = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)/.exec(line) ?? [];
  if (name === '') throw new SyntaxError('this is no sample');
  const labels: Record<string, string> = {};
  let at = start.length;
  if (line[at] === '{') {
    const pair = /([^={},"\s]+)="((?:[^"\\]|\\[\\"n])*)"(,|\})/y;
    let end = '';
    pair.lastIndex = at + 1;
    while (end !== '}') {
      const [whole, label = '', value = '', next = ''] = pair.exec(line) ?? [];
      if (whole === undefined || !labelName.test(label) || Object.hasOwn(labels, label))
        throw new SyntaxError('its labels cannot be read');
      labels[label] = unescape(value);
      end = next;
      at = pair.lastIndex;
    }
  }
  return { name, labels, value: parseValue(line.slice(at)) };
}

function parseValue(text: string): number {
  if (text === ' NaN') return Number.NaN;
  if (text === ' +Inf') return Number.POSITIVE_INFINITY;
  if (text === ' -Inf') return Number.NEGATIVE_INFINITY;
  if (!/^ -?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new SyntaxError('its value is no number');
  return Number(text);
}

function unescape(text: string): string {
  return text.replaceAll(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function notMetrics(line: number, why: string): Error {
  return failure(`line ${line} is not of a file of metrics as postern writes them: ${why}`, {
    code: 'not-metrics',
  });
}
