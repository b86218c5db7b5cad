import { incident } from './incident.ts';
import { accountAt } from './person.ts';
import { randomFor } from './random.ts';
import { momentOf, type World } from './world.ts';

/** One request to the platform's web front end. */
interface Request {
  readonly at: number;
  readonly ip: string;
  readonly user: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly agent: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const paths = [
  '/',
  '/login',
  '/api/mailbox',
  '/api/messages/:id',
  '/api/messages/:id/raw',
  '/api/contacts',
  '/static/app.js',
];

/**
 * nginx's combined format, with the sandbox's faults: nothing during the gap (F-I02), a block of lines written twice
 * (F-I04), one line cut short (F-I05).
 */
export function* combinedLog(world: World): Generator<string> {
  let line = 0;
  const block: string[] = [];
  for (const request of requests(world)) {
    line += 1;
    if (request.at >= incident.gapStart && request.at < incident.gapEnd) continue;
    const text = combinedLine(request);
    if (line === 1000) yield text.slice(0, 60);
    else yield text;
    if (line > 1000 && line <= 1050) block.push(text);
    if (line === 1050) yield* block;
  }
}

/** The same requests as JSON lines from a second log source, whose clock is fast (F-I03). */
export function* jsonLog(world: World): Generator<string> {
  for (const { at, ip, user, method, path, status, bytes, agent } of requests(world)) {
    const time = new Date(at + incident.skewMs).toISOString();
    yield JSON.stringify({
      time,
      remote_addr: ip,
      remote_user: user,
      method,
      uri: path,
      status,
      bytes,
      user_agent: agent,
    });
  }
}

function* requests(world: World): Generator<Request> {
  const { seed, counts } = world;
  let next = 0;
  for (let index = 0; index < counts.httpRequests; index += 1) {
    const random = randomFor(seed, 'http', index);
    const at = momentOf(index, counts.httpRequests, random.bits());
    while (next < incident.reads && incidentTime(next) <= at) yield incidentRequest(world, next++);
    const { email } = accountAt(world, random.below(counts.accounts));
    yield {
      at,
      ip: `198.51.100.${random.below(256)}`,
      user: email,
      method: random.chance(85) ? 'GET' : 'POST',
      path: random.pick(paths).replace(':id', String(random.below(counts.messages) + 1)),
      status: random.chance(95) ? 200 : random.pick([302, 401, 404, 500]),
      bytes: 200 + random.below(40_000),
      agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/139.0',
    };
  }
}

function incidentTime(read: number): number {
  return incident.start + Math.floor((read * (incident.end - incident.start)) / incident.reads);
}

/** F-I01: the agent's reads, as the web front end saw them. */
function incidentRequest({ seed, counts }: World, read: number): Request {
  const random = randomFor(seed, 'http', -1 - read);
  return {
    at: incidentTime(read),
    ip: incident.ip,
    user: 'mallory.quinn',
    method: 'GET',
    status: 200,
    path: `/admin/mailbox/${random.below(counts.accounts) + 1}/export`,
    bytes: 500_000 + random.below(4_000_000),
    agent: 'python-requests/2.32',
  };
}

function combinedLine({ at, ip, user, method, path, status, bytes, agent }: Request): string {
  const iso = new Date(at).toISOString();
  const time = `${iso.slice(8, 10)}/${months[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  return `${ip} - ${user} [${time}] "${method} ${path} HTTP/2.0" ${status} ${bytes} "-" "${agent}"`;
}
