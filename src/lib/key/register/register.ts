import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { KeyCensusResult } from '../census/results.ts';
import { type Asking, asking } from './ask.ts';
import { heldIn, lastCensus, type RecordedCensus, recordCensus } from './census-record.ts';
import type { OpenableSet, RegisterContext, RetainedSet } from './context.ts';
import type { KeyringClass } from './read-keyrings.ts';
import { type KeyListResult, type KeyRow, keyKinds } from './results.ts';
import type { Watch } from './row.ts';

export interface RegisterOptions {
  /** Milliseconds: what ends sooner is due. */
  readonly within: number;
  /** `taken`: counts anew and puts that on record. */
  readonly census: 'last' | 'taken';
}

/** Every key that the profile knows of, from every source that can be asked; the others are told as unasked. */
export async function readRegister(
  context: RegisterContext,
  options: RegisterOptions,
): Promise<KeyListResult> {
  const asked = asking(context.signal);
  const watch = { now: context.clock.now(), within: options.within };
  const state =
    context.state === undefined ? undefined : await asked.ask('the state database', context.state);
  const [classes, backups] = await Promise.all([
    askKeyrings(context, asked, watch),
    askBackups(context, asked, state),
  ]);
  const census = await askCensus(context, options, { asked, state, classes });
  const known = { classes, census, sets: backups.sets };
  const rows = await Promise.all([
    dataKeys(context, { ...known, state }, watch),
    kmsKeys(context, known, asked, watch),
    openpgpKeys(context, backups, asked, watch),
    certificateKeys(context, state, asked, watch),
    platformKeys(context, asked, watch),
  ]);
  return {
    keys: rows.flat().toSorted((a, b) => keyKinds.indexOf(a.kind) - keyKinds.indexOf(b.kind)),
    census: census === undefined ? null : summaryOf(census),
    unasked: distinct(asked.unasked),
  };
}

function summaryOf({ takenAt, columns, findings }: RecordedCensus): KeyListResult['census'] {
  return { takenAt, values: columns.reduce((sum, { values }) => sum + values, 0), findings };
}

async function askKeyrings(
  { platform, cryptoperiods }: RegisterContext,
  { ask }: Asking,
  { now }: Watch,
): Promise<readonly KeyringClass[]> {
  if (platform === undefined) return [];
  const found = await ask('the keyrings', async () => {
    const { readKeyrings } = await import('./read-keyrings.ts');
    const db = await platform.open();
    try {
      return await readKeyrings(db, await platform.map(), new Date(now.getTime() - cryptoperiods.dek));
    } finally {
      await db.end().catch(() => {});
    }
  });
  return found ?? [];
}

async function askCensus(
  context: RegisterContext,
  { census }: RegisterOptions,
  {
    asked,
    state,
    classes,
  }: {
    readonly asked: Asking;
    readonly state: Queryable | undefined;
    readonly classes: readonly KeyringClass[];
  },
): Promise<RecordedCensus | undefined> {
  const { platform, profile } = context;
  if (census === 'taken' && platform === undefined)
    asked.unasked.push({ source: 'the census', reason: 'the profile has no platform with a map' });
  if (census === 'taken' && platform !== undefined) {
    const taken = await asked.ask('the census', () => takeNow(context, platform));
    if (taken !== undefined && state === undefined)
      return {
        takenAt: context.clock.now().toISOString(),
        columns: taken.columns,
        findings: taken.findings.length,
      };
    if (taken !== undefined && state !== undefined)
      await asked.ask('the record of the census', () => recordCensus(state, profile, taken));
  }
  if (state === undefined || classes.length === 0) return undefined;
  return asked.ask('the last census', () => lastCensus(state, profile));
}

async function takeNow(
  { progress, signal }: RegisterContext,
  platform: NonNullable<RegisterContext['platform']>,
): Promise<KeyCensusResult> {
  const { takeCensus } = await import('../census/index.ts');
  const map = await platform.map();
  const db = await platform.open();
  try {
    return await takeCensus(db, map, { columns: 'declared', progress, signal });
  } finally {
    await db.end().catch(() => {});
  }
}

interface Backups {
  readonly sets: readonly RetainedSet[] | undefined;
  readonly access: readonly OpenableSet[] | undefined;
}

async function askBackups(
  { backups, recipients }: RegisterContext,
  asked: Asking,
  state: Queryable | undefined,
): Promise<Backups> {
  if (backups === undefined || state === undefined) return { sets: undefined, access: undefined };
  const sets = await asked.ask('the register of backups', () => backups.sets());
  const { access: openers } = backups;
  if (sets === undefined || openers === undefined || sets.length === 0 || recipients.length === 0)
    return { sets, access: undefined };
  const access = await asked.ask('the backup stores', () => openers(sets.map(({ setId }) => setId)));
  for (const { setId, problem } of access ?? [])
    if (problem !== null) asked.unasked.push({ source: `the backup set ${setId}`, reason: problem });
  return { sets, access };
}

interface Known {
  readonly classes: readonly KeyringClass[];
  readonly census: RecordedCensus | undefined;
  readonly sets: readonly RetainedSet[] | undefined;
}

async function dataKeys(
  { cryptoperiods, profile }: RegisterContext,
  { classes, census, sets, state }: Known & { readonly state: Queryable | undefined },
  watch: Watch,
): Promise<readonly KeyRow[]> {
  if (classes.length === 0) return [];
  const { dataKeyRows } = await import('./data-keys.ts');
  const { hmacKeyRows } = await import('./hmac-keys.ts');
  const held =
    census === undefined
      ? undefined
      : (keyring: string, keyState: string) =>
          heldIn(census, (group, column) => column.keyring === keyring && group.state === keyState);
  const settledAt = state === undefined ? new Map<string, string>() : await settledTimes(state, profile);
  const own = (of: 'dek' | 'hmac') =>
    classes.filter(({ hashes }) => (hashes === undefined) === (of === 'dek'));
  return [
    ...dataKeyRows({ classes: own('dek'), held, sets, settledAt, cryptoperiod: cryptoperiods.dek }, watch),
    ...hmacKeyRows({ classes: own('hmac'), held, cryptoperiod: cryptoperiods.hmac }, watch),
  ];
}

/** When the values of each keyring were last all encrypted again, and its old keys drained. */
async function settledTimes(db: Queryable, profile: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ keyring: string; at: string }>(
    `select p.text::json->'inputs'->>'keyring' as keyring, ${isoTime('max(j.at)')} as at
     from postern.plan p join postern.plan_journal j on j.plan_id = p.id and j.event = 'applied'
     where p.kind = 'key.reencrypt' and p.profile = $1 group by 1`,
    [profile],
  );
  return new Map(rows.map(({ keyring, at }) => [keyring, at]));
}

async function kmsKeys(
  { kms, cryptoperiods }: RegisterContext,
  { classes, census, sets }: Known,
  { ask }: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  if (kms === undefined && classes.length === 0) return [];
  const { kmsRows, unaskedRows } = await import('./kms-keys.ts');
  if (kms === undefined) return unaskedRows(classes, watch);
  const held =
    census === undefined ? undefined : (kek: string) => heldIn(census, (group) => group.kek === kek);
  const rows = await ask('the key management service', () =>
    kmsRows(kms, { classes, held, sets, cryptoperiods }, watch),
  );
  return rows ?? [];
}

async function openpgpKeys(
  { recipients, signers, cryptoperiods }: RegisterContext,
  { sets = [], access }: Backups,
  asked: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  if (recipients.length === 0 && signers.length === 0) return [];
  const { recipientRows, signerRows } = await import('./openpgp-keys.ts');
  const facts = { files: recipients, sets, access, cryptoperiod: cryptoperiods.openpgp };
  return [
    ...(await recipientRows(facts, asked, watch)),
    ...(await signerRows(signers, cryptoperiods.signer, asked, watch)),
  ];
}

async function certificateKeys(
  { certificateSigner: signer, cryptoperiods }: RegisterContext,
  state: Queryable | undefined,
  { ask }: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  if (signer === undefined) return [];
  const { certificateKeyRow } = await import('./certificate-key.ts');
  const row = await ask(`the key file ${signer.file}`, async () =>
    certificateKeyRow(state, { file: signer.file, keyId: await signer.keyId() }, cryptoperiods.signer, watch),
  );
  return row === undefined ? [] : [row];
}

/** Of passwords and DKIM selectors the state database has the dates: without it nothing is known. */
async function platformKeys(
  { passwords, dkim }: RegisterContext,
  asked: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  const rows: KeyRow[] = [];
  if (passwords !== undefined) {
    const found = await asked.ask('the passwords', async () => {
      const { passwordRows } = await import('./passwords.ts');
      return passwordRows(await passwords.context(), passwords.names, asked, watch);
    });
    rows.push(...(found ?? []));
  }
  if (dkim !== undefined) {
    const found = await asked.ask('the DKIM selectors', async () => {
      const { dkimRows } = await import('./dkim-keys.ts');
      return dkimRows(await dkim(), watch);
    });
    rows.push(...(found ?? []));
  }
  return rows;
}

function distinct(unasked: Asking['unasked']): KeyListResult['unasked'] {
  return [...new Map(unasked.map((one) => [`${one.source}\0${one.reason}`, one])).values()];
}
