// New data keys for every person and every value encrypted again, against the same updates without cryptography.
// npm run bench -- reencrypt [values …] [--compare VALUES] [--runs N] [--workers N]; --compare is the size at which
// the peer runs too
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { withConnection } from '../src/lib/base/postgres.ts';
import { type Pair, runPair } from './lib/pairs.ts';
import { peakOf } from './lib/peak-memory.ts';
import { saveResult } from './lib/result.ts';
import { type TokenWorld, withTokenWorld } from './lib/token-world.ts';

const swapChild = fileURLToPath(new URL('lib/swap-child.ts', import.meta.url));

export async function bench(args: readonly string[]): Promise<void> {
  const { values: flags, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      compare: { type: 'string', default: '1000000' },
      runs: { type: 'string', default: '5' },
      workers: { type: 'string', default: '2' },
    },
  });
  const sizes = (positionals.length === 0 ? ['10000', '1000000', '5000000'] : positionals).map(Number);
  const compared = Number(flags.compare);
  const scale: { size: number; seconds: number; peakRssMb: number }[] = [];
  const pairs: Pair[] = [];
  let postgres = '';
  for (const values of sizes) {
    await withTokenWorld(values, async (world) => {
      postgres = world.server.version;
      const ours = () =>
        world.postern('key', 'reencrypt', '--yes', '--writer-cache', '0', '--workers', flags.workers);
      if (values !== compared) {
        const { seconds, peakRssMb } = await ours();
        process.stderr.write(
          `  ${values.toLocaleString('en')} values: ${seconds.toFixed(1)} s, ${peakRssMb} MB\n`,
        );
        scale.push({ size: values, seconds, peakRssMb });
        return;
      }
      const pair = await runPair({
        peer: 'compare and swap without cryptography',
        work: `${values.toLocaleString('en')} values of 512 B, key reencrypt, ${flags.workers} workers`,
        goal: 0.4,
        runs: Number(flags.runs),
        ours,
        theirs: () => swap(world, flags.workers),
      });
      scale.push({ size: values, seconds: pair.oursMedian, peakRssMb: pair.peakRssMb ?? 0 });
      pairs.push(pair);
    });
  }
  saveResult({ name: 'reencrypt', postgres, pairs, scale, profile: [] });
}

/** Swapped bytes open to nothing, so each run works on values that are put back afterwards, which is not measured. */
async function swap({ url }: TokenWorld, workers: string): Promise<number> {
  const on = (text: string) => withConnection({ url, role: 'bench' }, (client) => client.query(text));
  await on('create table app.kept as table app.token');
  // Each side begins with a table and an index without dead rows.
  await on('vacuum analyze app.token');
  const { seconds } = await peakOf(process.execPath, [swapChild, url, workers, '1000']);
  await on('truncate app.token; insert into app.token select * from app.kept; drop table app.kept');
  await on('vacuum analyze app.token');
  return seconds;
}
