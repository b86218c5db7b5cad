// A thread that makes the messages and copies them into the database, over a connection of its own, while the main
// thread makes everything else.
import { parentPort, workerData } from 'node:worker_threads';
import { withConnection } from '../base/postgres.ts';
import { messageTable } from './generate/message-tables.ts';
import { createWorld } from './generate/world.ts';
import { loadTable } from './load.ts';

const { url, seed, messages } = workerData as {
  readonly url: string;
  readonly seed: number;
  readonly messages: number;
};

await withConnection({ url, role: 'sandbox', purpose: 'sandbox fill' }, (client) =>
  loadTable(client, messageTable(createWorld(seed, messages)), {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    onRows: (rows) => parentPort?.postMessage(rows),
    signal: undefined,
    freeze: 'rows',
  }),
);
