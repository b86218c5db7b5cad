import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect as connectDatabase, withConnection } from '../../src/lib/base/postgres.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { testServer } from './postgres.ts';

let proxy: FaultProxy;

describe('a proxy before PostgreSQL', () => {
  let serverUrl: string;

  beforeAll(async () => {
    serverUrl = (await testServer()).url;
  });

  beforeEach(async () => {
    proxy = await startFaultProxy(serverUrl);
  });

  afterEach(() => proxy.stop());

  const open = (purpose: string) => connectDatabase({ url: proxy.url(serverUrl), role: 'test', purpose });

  test('lets everything through, and knows its connections by their application name', async () => {
    const [snapshot, worker] = [await open('backup snapshot'), await open('backup worker')];
    const { rows } = await snapshot.query(`select repeat('x', 3000000) as text`);
    expect(rows[0].text).toHaveLength(3_000_000);
    expect(proxy.connections().map(({ application }) => application)).toEqual([
      'postern backup snapshot',
      'postern backup worker',
    ]);
    const [one] = proxy.connections(/snapshot/);
    expect(one?.bytes['to client']).toBeGreaterThan(3_000_000);
    await Promise.all([snapshot.end(), worker.end()]);
    await one?.closed;
    expect(proxy.connections(/snapshot/)).toEqual([]);
  });

  test.each(['reset', 'close'] as const)(
    'can %s one connection on command, and leave the other',
    async (fault) => {
      const [snapshot, worker] = [await open('snapshot'), await open('worker')];
      const [cut] = proxy.connections(/snapshot/);
      cut?.apply(fault);
      await cut?.closed;
      await expect(snapshot.query('select 1')).rejects.toThrow();
      await expect(worker.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
      await worker.end();
    },
  );

  test('can lose the answer to a commit that was done', async () => {
    await withConnection({ url: serverUrl, role: 'test' }, (db) =>
      db.query('drop table if exists kept; create table kept (id int)'),
    );
    const armed = proxy.when({ direction: 'to client', pattern: 'COMMIT\0', side: 'before' }, 'reset');
    const client = await open('worker');
    await client.query('begin');
    await client.query('insert into kept values (1)');
    await expect(client.query('commit')).rejects.toThrow();
    expect((await armed.fired).application).toBe('postern worker');
    await withConnection({ url: serverUrl, role: 'test' }, async (db) => {
      expect((await db.query('select * from kept')).rows).toEqual([{ id: 1 }]);
      await db.query('drop table kept');
    });
  });

  test('can cut a connection before the server sees a statement', async () => {
    proxy.when({ direction: 'to server', pattern: 'create table never', side: 'before' }, 'reset');
    const client = await open('worker');
    await expect(client.query('create table never (id int)')).rejects.toThrow();
    await withConnection({ url: serverUrl, role: 'test' }, async (db) => {
      expect((await db.query(`select to_regclass('never') as found`)).rows).toEqual([{ found: null }]);
    });
  });

  test('cuts at a byte count, in as many connections as told', async () => {
    const armed = proxy.when(
      { direction: 'to client', application: /worker/, bytes: 100_000, times: 2 },
      'reset',
    );
    const query = async (purpose: string) => {
      const client = await open(purpose);
      try {
        return (await client.query(`select repeat('x', 200000)`)).rowCount;
      } catch {
        return 'cut';
      } finally {
        await client.end().catch(() => {});
      }
    };
    expect(await query('snapshot')).toBe(1);
    expect(await query('worker 1')).toBe('cut');
    expect((await armed.fired).bytes['to client']).toBe(100_000);
    expect(await query('worker 2')).toBe('cut');
    expect(await query('worker 3')).toBe(1);
    expect(armed.count).toBe(2);
  });

  test('refuses new connections as a server that is down, keeps the open ones, and takes new ones again', async () => {
    const client = await open('worker');
    proxy.refuse();
    await expect(open('late')).rejects.toMatchObject({ code: 'database-unreachable' });
    await expect(client.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
    await proxy.accept();
    await (await open('later')).end();
    await client.end();
  });

  test('turns a byte of a value on its way', async () => {
    proxy.when({ direction: 'to client', pattern: 'abc' }, { flip: 0 });
    const client = await open('worker');
    expect((await client.query(`select 'ab' || 'cdef' as text`)).rows).toEqual([{ text: 'abceef' }]);
    await client.end();
  });

  test('passes on that the server cannot be reached', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as { port: number };
    await once(gone.close(), 'close');
    const dead = await startFaultProxy(`postgresql://127.0.0.1:${port}`);
    await expect(
      connectDatabase({ url: dead.url('postgresql://x@127.0.0.1/x'), role: 'test' }),
    ).rejects.toMatchObject({ code: 'database-unreachable' });
    await dead.stop();
  });
});

describe('a proxy before a server of one line', () => {
  const peers: Socket[] = [];
  /** Says everything back in capitals, and `bye` when the client has ended. */
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    peers.push(peer);
    peer.on('error', () => {});
    peer.on('data', (chunk: Buffer) => peer.write(chunk.toString().toUpperCase()));
    peer.on('end', () => peer.end('bye'));
  });
  let client: Socket;
  let heard: string;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => void server.close());

  beforeEach(async () => {
    proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => {});
    heard = '';
    client.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      client.emit('heard');
    });
    await once(client, 'connect');
  });

  afterEach(async () => {
    client.destroy();
    for (const peer of peers.splice(0)) peer.destroy();
    await proxy.stop();
  });

  const hear = async (expected: string) => {
    while (heard.length < expected.length) await once(client, 'heard');
    expect(heard).toBe(expected);
  };

  test('passes an end on, and what is said after it', async () => {
    client.end('hello');
    await once(client, 'end');
    expect(heard).toBe('HELLObye');
  });

  test('stalls one direction until it is resumed, and loses nothing', async () => {
    const armed = proxy.when({ direction: 'to client', pattern: 'HEL' }, 'stall');
    client.write('hello ');
    const stalled = await armed.fired;
    client.write('there');
    await hear('HEL');
    expect(stalled.isOpen).toBe(true);
    stalled.resume();
    await hear('HELLO THERE');
  });

  test('can be reset while it is stalled', async () => {
    const armed = proxy.when({ direction: 'to client', bytes: 2 }, 'stall');
    client.write('hello');
    const stalled = await armed.fired;
    const gone = new Promise((resolve) => void client.once('close', resolve));
    stalled.apply('reset');
    await Promise.all([gone, stalled.closed]);
    expect(heard).toBe('HE');
  });

  test('can be reset although the server has stopped reading', async () => {
    client.write('a');
    await hear('A');
    peers[0]?.pause();
    const [full] = proxy.connections();
    // More than all buffers on the way hold.
    client.write(Buffer.alloc(60_000_000));
    for (let before = -1; full?.bytes['to server'] !== before; ) {
      before = full?.bytes['to server'] ?? 0;
      // Nothing tells that nothing more is taken.
      await sleep(100);
    }
    expect(full?.bytes['to server']).toBeLessThan(60_000_000);
    const gone = new Promise((resolve) => void client.once('close', resolve));
    full?.apply('reset');
    await Promise.all([gone, full?.closed]);
  });

  test('can be reset in the moment in which an end is being sent', async () => {
    client.write('a');
    await hear('A');
    const [ending] = proxy.connections();
    const gone = new Promise((resolve) => void client.once('close', resolve));
    ending?.apply('half-close');
    ending?.apply('reset');
    await ending?.closed;
    client.destroy();
    await gone;
  });

  test('half-closes towards the client, who can still be heard', async () => {
    const armed = proxy.when({ direction: 'to client', pattern: 'HE' }, 'half-close');
    client.write('hello');
    await Promise.all([once(client, 'end'), armed.fired]);
    expect(heard).toBe('HE');
    const [peer] = peers;
    const still = once(peer as Socket, 'data');
    client.write('still here');
    expect(String((await still)[0])).toBe('still here');
  });

  test('half-closes towards the server, whose answer still comes', async () => {
    await hear('');
    client.write('a');
    await hear('A');
    proxy.connections()[0]?.apply('half-close', 'to server');
    await once(client, 'end');
    expect(heard).toBe('Abye');
  });

  test('delays every piece', async () => {
    client.write('a');
    await hear('A');
    proxy.connections()[0]?.apply({ delay: 60 }, 'to client');
    const started = performance.now();
    client.write('b');
    await hear('AB');
    expect(performance.now() - started).toBeGreaterThan(55);
  });

  test('finds a pattern across packets, the occurrence that was meant, and fires once', async () => {
    const armed = proxy.when({ direction: 'to server', pattern: 'ab', nth: 2 }, { flip: 0 });
    const other = proxy.when({ direction: 'to server', pattern: 'never' }, 'reset');
    client.write('ab-a');
    await hear('AB-A');
    client.write('bdab');
    await hear('AB-ABEAB');
    expect([armed.count, other.count]).toEqual([1, 0]);
  });

  test('a disarmed fault does not happen', async () => {
    proxy.when({ direction: 'to server', bytes: 1 }, 'reset').disarm();
    client.write('hello');
    await hear('HELLO');
  });
});
