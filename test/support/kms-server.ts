import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { accessActions } from './kms-model/access-actions.ts';
import { aliasActions } from './kms-model/alias-actions.ts';
import { cryptoActions } from './kms-model/crypto-actions.ts';
import { keyActions } from './kms-model/key-actions.ts';
import { rotationActions } from './kms-model/rotation-actions.ts';
import { account, type Behaviour, type KmsState, region } from './kms-model/state.ts';
import { KmsFault } from './kms-model/wire.ts';

/**
 * A model of AWS KMS that speaks its protocol (JSON 1.1) on 127.0.0.1: states of keys, materials, eventual consistency
 * of rotations, quotas and refusals as the developer guide and the API reference tell them, answers in the SDK's types.
 * moto lacks all of that (see test/contract/kms.ts). It checks no signature.
 */
export interface KmsTestServer {
  readonly endpoint: string;
  readonly region: string;
  /** 12 digits, as in the ARNs. */
  readonly account: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Every request since the start or `forget`, those that were refused included. */
  readonly calls: readonly KmsRequest[];
  forget(): void;
  /** From the next request on. */
  behave(change: Partial<Omit<Behaviour, 'pageSize'>>): void;
  /** Exactly these rights are missing: `ReEncryptTo`. */
  deny(...rights: readonly string[]): void;
  /** Exactly these actions are unknown, as to an older server. */
  lack(...actions: readonly string[]): void;
  /** Throttles so many requests. */
  throttle(requests: number): void;
  /** Carries out so many requests, and answers none of them. */
  loseAnswers(requests: number): void;
  stop(): Promise<void>;
}

export interface KmsRequest {
  /** `RotateKeyOnDemand`. */
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Action = (state: KmsState, body: KmsRequest['body']) => unknown;

// The actions take the SDK's requests, and the SDK is who sends them here.
const actions = new Map<string, unknown>(
  Object.entries({ ...accessActions, ...aliasActions, ...cryptoActions, ...keyActions, ...rotationActions }),
);

/** @param pageSize items of a page of a listing; few, so that every listing has several pages */
export async function startKmsServer({ pageSize = 3 } = {}): Promise<KmsTestServer> {
  const behaviour = {
    rotationCalls: 0,
    staleCalls: 0,
    newKeyCalls: 0,
    lateStateCalls: 0,
    usesAgo: 0,
    pageSize,
  };
  const state: KmsState = { keys: new Map(), aliases: new Map(), behaviour };
  let calls: KmsRequest[] = [];
  let denied: readonly string[] = [];
  let lacking: readonly string[] = [];
  let throttled = 0;
  let lost = 0;

  function carryOut({ action, body }: KmsRequest): unknown {
    if (throttled > 0) {
      throttled--;
      const message =
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.';
      throw new KmsFault('ThrottlingException', message);
    }
    const found = lacking.includes(action) ? undefined : (actions.get(action) as Action | undefined);
    if (found === undefined) throw new KmsFault('UnknownOperationException', '');
    const right = rightsOf(action).find((one) => denied.includes(one));
    if (right !== undefined) {
      const who = `arn:aws:sts::${account}:assumed-role/operator/session`;
      throw new KmsFault('AccessDeniedException', `User: ${who} is not authorized to perform: kms:${right}`);
    }
    return found(state, body);
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = String(request.headers['x-amz-target'] ?? '');
      const text = Buffer.concat(chunks).toString();
      const call = {
        action: target.replace('TrentService.', ''),
        body: JSON.parse(text === '' ? '{}' : text) as KmsRequest['body'],
      };
      calls.push(call);
      try {
        const answer = carryOut(call);
        if (lost === 0) return send(response, 200, answer ?? {});
        lost--;
        request.socket.destroy();
      } catch (error) {
        if (!(error instanceof KmsFault)) throw error;
        send(response, 400, { __type: error.name, message: error.message });
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    region,
    account,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' },
    get calls() {
      return calls;
    },
    forget() {
      calls = [];
    },
    behave: (change) => void Object.assign(behaviour, change),
    deny(...names) {
      denied = names;
    },
    lack(...names) {
      lacking = names;
    },
    throttle(requests) {
      throttled = requests;
    },
    loseAnswers(requests) {
      lost = requests;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Every action needs the right of its name, but this one needs two. */
function rightsOf(action: string): readonly string[] {
  return action === 'ReEncrypt' ? ['ReEncryptFrom', 'ReEncryptTo'] : [action];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
    .end(JSON.stringify(body));
}
