import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAwsKms } from '../../../src/lib/cloud/aws/kms.ts';
import {
  assessDestroy,
  enableRetiredKey,
  planKeyDestroy,
  undestroyKey,
} from '../../../src/lib/key/destroy/index.ts';
import { type DestroyWorld, destroyWorld, options } from '../../support/destroy-world.ts';
import { type Moto, startMoto } from '../../support/moto.ts';
import { describeWith } from '../../support/optional.ts';

describeWith(['moto'], 'the end of a key on moto', ({ moto: path }) => {
  let moto: Moto;
  let world: DestroyWorld;
  beforeAll(async () => {
    moto = await startMoto(path);
    const { endpoint, region, credentials } = moto;
    world = await destroyWorld({ kms: await openAwsKms({ endpoint, region, credentials }) });
    await world.ready();
  });
  afterAll(async () => {
    await world?.close();
    await moto?.stop();
  });

  test('retired, it is not destroyed, since moto does not record when keys are used', async () => {
    expect(await world.stateOfOld()).toBe('disabled');
    const context = await world.context();
    const assessed = await assessDestroy(context, { key: world.old, ...options });
    expect(assessed.rules.filter(({ verdict }) => verdict !== 'met')).toEqual([
      expect.objectContaining({ rule: 'not-used', verdict: 'unknown' }),
    ]);
    await expect(planKeyDestroy(context, assessed)).rejects.toMatchObject({ exitCode: 4 });
    expect(await world.stateOfOld()).toBe('disabled');
  });

  test('enabled again, and taken back while its destruction is pending', async () => {
    const key = () => world.kms.describeKey(world.old);
    await enableRetiredKey(await world.context(), await key());
    expect(await world.stateOfOld()).toBe('enabled');
    await world.kms.scheduleKeyDeletion((await key()).keyId, 7);
    await undestroyKey(await world.context(), await key());
    expect(await world.stateOfOld()).toBe('enabled');
  });
});
