import { expect, test } from 'vitest';
import type { MeantKey } from '../../../src/lib/key/compromise/meant.ts';
import { exposedSets, type SetKeys } from '../../../src/lib/key/compromise/set-keys.ts';
import { registerContextWith } from '../register/support.ts';

const uuid = '0b0c8e8a-4f5d-4c1e-9a51-6f1f7e0d2a11';

const setOf = (setId: string, kmsKeyId: string | null): SetKeys => ({
  setId,
  keyIds: new Set(),
  accessProblem: null,
  stub: { recipients: [], signer: 'A'.repeat(40), kmsKeyId },
  stubProblem: null,
});

function kekCalled(arn: string): MeantKey {
  const key: MeantKey['key'] = { id: `kek:${arn}`, kind: 'kek', name: 'data keys', usedFor: [] };
  return { key, rows: [], isConfigured: true, versions: undefined, unasked: [] };
}

test.each([[`arn:aws:kms:eu-central-1:111122223333:key/${uuid}`], [`local:${uuid}`]])(
  'a KMS key opens the sets that name it by its ARN or by its id: %s',
  async (arn) => {
    const sets = [setOf('a', arn), setOf('b', uuid), setOf('c', null), setOf('d', uuid.slice(1))];
    const kept = [
      { setId: 'a', startedAt: '2026-01-01T00:00:00Z', lockedUntil: '2026-09-01T00:00:00Z' },
      { setId: 'b', startedAt: '2026-01-02T00:00:00Z', lockedUntil: '2026-08-01T00:00:00Z' },
    ];
    const context = registerContextWith({ backups: { sets: () => Promise.resolve(kept) } });
    const found = await exposedSets(context, kekCalled(arn), () => Promise.resolve({ sets, unasked: [] }));
    expect(found).toEqual({
      setIds: ['a', 'b'],
      needs: [{ why: 'opens 2 backup sets', setId: 'b', until: '2026-09-01T00:00:00Z' }],
      unasked: [],
    });
  },
);
