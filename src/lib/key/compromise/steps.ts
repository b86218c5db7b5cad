import { counted } from '../../base/counted.ts';
import { type Plan, shortId } from '../../operation/plan.ts';
import type { ReencryptForecast } from '../reencrypt/inputs.ts';
import type { KeyRow } from '../register/results.ts';
import type { CompromiseOptions } from './compromise.ts';
import type { CompromiseContext } from './context.ts';
import type { MeantKey } from './meant.ts';
import type { BlastColumn, CompromiseStep, KeyCompromiseResult } from './results.ts';

/** A keyring with compromised keys, and the plan that replaces them. */
export interface PlannedKeyring {
  readonly keyring: string;
  /** Undefined where nothing is to be planned, or it cannot be. */
  readonly plan?: Plan;
  readonly forecast?: ReencryptForecast;
  /** Why no plan could be made. */
  readonly problem?: string;
}

export interface CompromiseFacts {
  readonly key: MeantKey['key'];
  /** False for a key that backup sets name, and the configuration does not any more. */
  readonly isConfigured: boolean;
  readonly columns: readonly BlastColumn[];
  readonly subjects: number | null;
  readonly backups: KeyCompromiseResult['backups'];
  /** False where sets could not be asked that the key may open or have signed. */
  readonly areSetsTold: boolean;
  readonly pruneRules: CompromiseContext['pruneRules'];
  readonly keyrings: readonly PlannedKeyring[];
  readonly options: Pick<CompromiseOptions, 'asked' | 'subject' | 'to' | 'isDry'>;
}

const you = (action: string, command: readonly string[] | null = null): CompromiseStep => ({
  by: 'you',
  action,
  command: command === null ? null : [...command],
  planId: null,
});

const postern = (
  action: string,
  command: readonly string[],
  planId: string | null = null,
): CompromiseStep => ({
  by: 'postern',
  action,
  command: [...command],
  planId,
});

/**
 * What is to be done, in its order: first what stops the loss, then what makes the loot worthless, then what replaces
 * the key, and at the end what remains of it.
 */
export function stepsOf(facts: CompromiseFacts): readonly CompromiseStep[] {
  return [
    you('end the access by which it leaked: what is made new would leak the same way'),
    ...revocations(facts),
    ...replacements[facts.key.kind](facts),
    ...afterwards(facts),
  ];
}

/** New keys do not help against who has read a token already. */
function revocations(facts: CompromiseFacts): readonly CompromiseStep[] {
  const { columns, subjects } = facts;
  const held = columns.filter(({ values }) => values > 0);
  const tokens = held.filter(({ category }) => category?.startsWith('user.authorization') === true);
  return [
    ...tokens.map(({ table, column, values }) =>
      you(
        `have revoked, where they were issued, what stands in ${table}.${column} (${counted(values, 'value')}): who has read one keeps it, however it is encrypted`,
      ),
    ),
    ...(held.length === 0 && !mayOpenSets(facts)
      ? []
      : [
          you(
            `decide whether to notify, from when this became known: 72 hours to the authority (GDPR Article 33)${subjects === null ? '' : `; ${counted(subjects, 'subject')}`}${inSets(facts)}`,
          ),
        ]),
  ];
}

function mayOpenSets({ key, backups, areSetsTold }: CompromiseFacts): boolean {
  if (key.kind === 'openpgp-recipient') return backups.setIds.length > 0 || !areSetsTold;
  return key.kind === 'kek' && backups.setIds.length > 0;
}

function inSets(facts: CompromiseFacts): string {
  if (!mayOpenSets(facts)) return '';
  const { setIds } = facts.backups;
  const more = facts.areSetsTold ? '' : ' and perhaps others, which could not be asked';
  return `; the key opens all that is in ${counted(setIds.length, 'backup set')}${more}`;
}

type Replace = (facts: CompromiseFacts) => readonly CompromiseStep[];

const replacements: Readonly<Record<KeyRow['kind'], Replace>> = {
  kek: (facts) => [
    ...(facts.options.to === undefined && facts.keyrings.length > 0
      ? [
          you(
            'make another KMS key, with the rights of this one: new material in the same key does not help',
          ),
          postern('plan new data keys under it', ['key', 'compromise', nameOf(facts.key), '--to', 'NEW-KEY']),
        ]
      : []),
    ...dataKeySteps(facts),
    ...facts.keyrings.flatMap(({ keyring }) =>
      facts.options.to === undefined
        ? []
        : [
            postern(`let the other key wrap what is left of the old data keys in ${keyring}, for backups`, [
              'key',
              'rotate',
              'kek',
              keyring,
              '--to',
              facts.options.to,
            ]),
          ],
    ),
    ...facts.key.usedFor
      .filter((use) => !use.startsWith('wraps '))
      .map((use) =>
        you(`name another KMS key in the configuration where this one ${use}, and make that anew`),
      ),
    postern('disable it, once nothing needs it', ['key', 'retire', nameOf(facts.key)]),
  ],
  dek: dataKeySteps,
  // Who has the key can try values against hashes that he has copied: the old column goes as soon as it can.
  hmac: ({ key }) => [
    postern('hash every value with another version', ['key', 'rotate', 'hmac', key.name]),
    postern('remove the hashes that the key made', [
      'key',
      'rotate',
      'hmac',
      key.name,
      '--finish',
      '--window',
      '0',
    ]),
  ],
  password: ({ key }) => [
    postern('set another password, end the sessions that began with this one', [
      'key',
      'rotate',
      'password',
      key.name,
      '--compromised',
      '--terminate-sessions',
    ]),
  ],
  dkim: ({ key }) => [
    postern('revoke every key of the domain, and publish new ones', [
      'key',
      'rotate',
      'dkim',
      key.id.split(':')[1] ?? '',
      '--compromised',
    ]),
  ],
  'openpgp-recipient': ({ key, isConfigured }) => [
    you(
      'take reading rights on the destinations from all who need not restore: the key and a set are enough',
    ),
    ...(isConfigured
      ? [
          postern('make another key pair', makeBackupKeys),
          postern('let new sets be opened by it', ['backup', 'recipients', 'add', 'FILE']),
          postern('make no further sets for the old one', [
            'backup',
            'recipients',
            'remove',
            fingerprintOf(key),
          ]),
          postern('take a set that the old key does not open', ['backup', 'run']),
        ]
      : []),
  ],
  'openpgp-signer': (facts) => [
    you(
      `take its public key out of what is trusted, where it ${facts.key.usedFor.join(', ')}; what it signed after the leak may be forged: compare it with the audit log`,
    ),
    ...signedSets(facts),
    ...(facts.key.usedFor.some((use) => use.includes('plans'))
      ? [
          postern('let it approve nothing any more', [
            'operator',
            'revoke',
            fingerprintOf(facts.key),
            '--reason',
            'TEXT',
          ]),
        ]
      : []),
    ...(facts.isConfigured && facts.key.usedFor.some((use) => use.includes('backup sets'))
      ? [
          postern('make another key pair, and let it sign', makeBackupKeys),
          postern('take a set that it has not signed', ['backup', 'run']),
        ]
      : []),
  ],
  'certificate-signer': () => [
    you(
      'take its public key out of certificates.trust; certificates that it signed after the leak may be forged: the audit log has the id of each',
    ),
    postern('make another key', ['certificate', 'keys', 'init', '--directory', 'DIRECTORY']),
  ],
};

const makeBackupKeys = ['backup', 'keys', 'init', '--directory', 'DIRECTORY', '--email', 'ADDRESS'];

/** Sets are not believed any more once their signer is not. */
function signedSets({ key, backups, areSetsTold }: CompromiseFacts): readonly CompromiseStep[] {
  if (!key.usedFor.some((use) => use.includes('backup sets'))) return [];
  const { length } = backups.setIds;
  const sets = areSetsTold ? counted(length, 'backup set') : `at least ${counted(length, 'backup set')}`;
  if (areSetsTold && length === 0) return [];
  return [
    you(
      `decide about ${sets} that it signed: none is opened any more once it is not trusted; the signer of each is in what \`postern backup show\` tells`,
    ),
  ];
}

/** The data keys first, in one go with what wraps them: no new key is ever under the old one. */
function dataKeySteps({ keyrings, options }: CompromiseFacts): readonly CompromiseStep[] {
  const steps = keyrings.flatMap(({ keyring, plan, forecast, problem }) => {
    if (plan !== undefined) {
      const { newKeys = 0, values = 0 } = forecast ?? {};
      const what = `${counted(newKeys, 'new data key')} in ${keyring}, ${counted(values, 'value')} encrypted again`;
      return [
        options.isDry
          ? postern(`plan it: ${what}`, againWith(options))
          : postern(what, ['plan', 'apply', shortId(plan.id)], plan.id),
      ];
    }
    return problem === undefined ? [] : [you(`no plan could be made for ${keyring}: ${problem}`)];
  });
  if (steps.length === 0) return [];
  return [
    ...steps,
    postern('see that nothing is left under a compromised key', ['key', 'census']),
    postern('take a backup that needs none of the old keys', ['backup', 'run']),
  ];
}

/** What cannot be called back. */
function afterwards({
  key,
  backups: { needs, until },
  pruneRules,
}: CompromiseFacts): readonly CompromiseStep[] {
  if (needs.length === 0 || key.kind === 'openpgp-signer') return [];
  const keep = pruneRules === 'configured' ? [] : ['--keep-last', 'N'];
  const end = until === null ? '' : `, locked until ${until.slice(0, 10)}`;
  return [
    you(`keep reading rights on the backup destinations few: ${needs.join('; ')}${end}`),
    postern('remove them when their locks have ended', ['backup', 'prune', ...keep, '--plan-only']),
  ];
}

const againWith = ({ asked, subject, to }: CompromiseFacts['options']): readonly string[] => [
  'key',
  'compromise',
  asked,
  ...(to === undefined ? [] : ['--to', to]),
  ...(subject === undefined ? [] : ['--subject', subject]),
];

const nameOf = ({ id }: MeantKey['key']): string => id.slice(id.indexOf(':') + 1);
const fingerprintOf = nameOf;
