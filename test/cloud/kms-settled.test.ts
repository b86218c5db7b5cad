import { describe, expect, test } from 'vitest';
import type { RotationStatus } from '../../src/lib/cloud/kms-rotation.ts';
import { rotationSettled } from '../../src/lib/cloud/kms-settled.ts';
import type { WaitOptions } from '../../src/lib/cloud/wait-until.ts';

const automatic = { on: false } as const;
const done: RotationStatus = { automatic };
const inProgress: RotationStatus = { inProgressSince: new Date(0), automatic };

/** Answers status and probes one after the other; the last of each answers all that follow. */
function service(statuses: readonly RotationStatus[], probes: readonly (string | undefined)[]) {
  const asked = { statuses: 0, probes: 0 };
  return {
    asked,
    location: 'here',
    rotationStatus: async () => statuses[Math.min(asked.statuses++, statuses.length - 1)] ?? done,
    currentMaterial: async () => probes[Math.min(asked.probes++, probes.length - 1)],
  };
}

const wait = (kms: ReturnType<typeof service>, options: WaitOptions = {}) =>
  rotationSettled(kms, 'k', 'old', { everyMs: 1, timeoutMs: 5_000, ...options });

describe('a rotation', () => {
  test('has settled when none is in progress and three ciphertexts in a row have the new material', async () => {
    const kms = service([done], ['new']);
    expect(await wait(kms)).toBe('new');
    expect(kms.asked).toEqual({ statuses: 1, probes: 3 });
  });

  test('has not settled while it is in progress, whatever the material', async () => {
    const kms = service([inProgress, inProgress, done], ['new']);
    expect(await wait(kms)).toBe('new');
    expect(kms.asked).toEqual({ statuses: 3, probes: 3 });
  });

  test('has not settled while all agree on the old material', async () => {
    expect(await wait(service([done], ['old', 'old', 'old', 'old', 'old', 'old', 'new']))).toBe('new');
  });

  test.each([
    [['new', 'old', 'new']],
    [['new', 'new', 'old', 'new', 'old', 'new']],
    [['old', 'new', 'new', 'old', 'new']],
  ])('has not settled while one server of the service has not heard of it: %s', async (probes) => {
    const kms = service([done], probes);
    expect(await wait(kms)).toBe('new');
    expect(kms.asked.probes).toBe(probes.lastIndexOf('old') + 4);
  });

  test('of a server that knows no materials is done when none is in progress', async () => {
    const kms = service([inProgress, done], [undefined]);
    expect(await wait(kms)).toBeUndefined();
    expect(kms.asked.statuses).toBe(2);
  });

  test('is given up after its time, looked at at least once', async () => {
    const late = { code: 'kms-rotation-unsettled', exitCode: 7 };
    const kms = service([inProgress], ['old']);
    await expect(wait(kms, { timeoutMs: 0 })).rejects.toMatchObject(late);
    expect(kms.asked.statuses).toBe(1);
    let now = 0;
    const clock = { now: () => new Date((now += 1_000)) };
    await expect(wait(service([done], ['old']), { clock, timeoutMs: 3_000 })).rejects.toMatchObject(late);
  });

  test('is waited for no longer than until the signal', async () => {
    const stop = new AbortController();
    const waiting = wait(service([inProgress], []), { everyMs: 60_000, signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});
