import { labelKey, type MetricFamily, type Sample } from './metric.ts';

export const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
export const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Families in the text format 0.0.4, by name, their samples by label; families without samples are left out.
 * Source: prometheus.io, "Exposition formats".
 * @throws {TypeError} a name that the format does not allow, or two samples with the same labels: a bug in the caller
 */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(formatFamily)
    .join('');
}

function formatFamily({ name, help, type, samples }: MetricFamily): string {
  if (!metricName.test(name)) throw new TypeError(`${name} is no metric name`);
  const keys = samples.map(({ labels }) => labelKey(labels));
  if (new Set(keys).size !== keys.length) throw new TypeError(`${name} has two samples with the same labels`);
  const lines = samples.map((sample) => `${name}${formatLabels(sample)} ${formatValue(sample.value)}`);
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  return `${[...head, ...lines.toSorted()].join('\n')}\n`;
}

function formatLabels({ labels }: Sample): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!labelName.test(name)) throw new TypeError(`${name} is no label name`);
    return `${name}="${escapeLabel(value)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
