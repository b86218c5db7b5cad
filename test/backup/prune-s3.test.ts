import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { leastPolicies } from '../../src/lib/backup/policy.ts';
import { backupPrune } from '../../src/lib/backup/prune/kind.ts';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { collect } from '../contract/object-store.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { enforcePolicies, motoUser } from '../support/moto-user.ts';
import { describeWith } from '../support/optional.ts';
import { day, idOf, type PruneWorld, pruneWorld } from './prune-world.ts';

const actions = fileURLToPath(new URL('../support/moto-actions', import.meta.url));
const [march, april, latest] = [idOf('2026-03-01'), idOf('2026-04-01'), idOf('2026-05-30')];

describeWith(['moto'], 'pruning a bucket with the least rights', ({ moto: path }) => {
  let moto: Moto;
  let world: PruneWorld;
  let pruner: ObjectStore;
  let administrator: ObjectStore;

  beforeAll(async () => {
    vi.stubEnv('PYTHONPATH', actions);
    [moto, world] = [await startMoto(path), await pruneWorld()];
    vi.unstubAllEnvs();
    const { endpoint, region } = moto;
    const client = new S3Client({ endpoint, region, credentials: moto.credentials, forcePathStyle: true });
    await client.send(
      new CreateBucketCommand({
        Bucket: 'vault',
        ObjectLockEnabledForBucket: true,
        CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
      }),
    );
    client.destroy();
    const policies = leastPolicies({
      bucket: 'vault',
      prefix: 'offsite/test/',
      region,
      lock: { mode: 'governance', duration: day },
      keyringLock: undefined,
      conditionalPut: 'native',
    });
    const bypass = { Sid: 'All', Effect: 'Allow' as const, Action: 's3:*', Resource: '*' };
    const all = await motoUser(moto, 'all', { Version: '2012-10-17', Statement: [bypass] });
    const credentials = await motoUser(moto, 'pruner', policies.pruner);
    await enforcePolicies(moto);
    administrator = await openS3ObjectStore({ bucket: 'vault', endpoint, region, credentials: all });
    pruner = await openS3ObjectStore({ bucket: 'vault', endpoint, region, credentials });
  });

  afterAll(async () => {
    await world?.close();
    await moto?.stop();
  });

  test('removes what is unlocked with all its versions, and leaves what is locked', async () => {
    // The store's own time decides about locks.
    const until = new Date(Date.now() + day);
    for (const setId of [march, april, latest]) {
      await world.addSet(setId);
      for (const file of ['README.txt', 'platform/part', 'manifest.json.pgp']) {
        const key = `offsite/test/${setId}/${file}`;
        await administrator.put(key, Buffer.from('first'));
        const retention = { mode: 'governance', until } as const;
        await administrator.put(key, Buffer.from('second'), { ...(setId === april && { retention }) });
      }
    }
    await administrator.delete(`offsite/test/${march}/README.txt`);
    const context = world.withStore(pruner);
    const { plan, decided } = await world.plan({ last: 1 }, context);
    expect(decided).toEqual({ [march]: 'remove', [april]: 'retained', [latest]: 'keep' });
    expect(plan.body.effects).toMatchObject({ 'object versions deleted': 7, 'bytes freed': 33 });
    await applyPlan(context, backupPrune, plan.id);
    expect(await collect(administrator.listVersions(`offsite/test/${march}/`))).toEqual([]);
    expect(await collect(administrator.listVersions(`offsite/test/${april}/`))).toHaveLength(6);
    expect(await collect(administrator.listVersions(`offsite/test/${latest}/`))).toHaveLength(6);
  });
});
