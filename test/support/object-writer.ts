/** A process that writes to a local object store at the same time as others: `object-writer.ts FOLDER NAME`. */
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';

const [, , path = '', name = ''] = process.argv;
const store = await openLocalObjectStore({ path });
const body = new TextEncoder().encode(name);

for (let n = 0; n < 20; n += 1) {
  const outcome = await store.put(`once/${n}`, body, { ifNoneMatch: '*' }).then(
    () => 'won',
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'object-exists') return 'lost';
      throw error;
    },
  );
  process.stdout.write(`${outcome} ${n}\n`);
  await store.put('shared', body);
}
