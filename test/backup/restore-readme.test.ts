import { expect, test } from 'vitest';
import type { Manifest } from '../../src/lib/backup/format/manifest.ts';
import { restoreReadme } from '../../src/lib/backup/format/restore-files.ts';

const setId = '20260301T020000Z-9f2c41d0';
const fingerprint = 'A'.repeat(40);

/** As much of a manifest as the text is made from, with everything that it can tell of. */
const manifest = {
  setId,
  profile: 'production',
  tool: 'postern 0.1.0',
  startedAt: '2026-03-01T02:00:00.000Z',
  signer: fingerprint,
  recipients: [fingerprint, fingerprint],
  sources: [
    { name: 'platform', serverVersionNum: 180_000 },
    { name: 'state', serverVersionNum: 180_000 },
  ],
  files: [{ plainSize: 1_234_567_890 }],
  keyrings: [{ plainSize: 1 }],
  objects: { base: [{ setId }] },
} as unknown as Manifest;

const readme = restoreReadme(manifest, {
  keyId: 'alias/backup',
  context: { setId, profile: 'production' },
  wrappedKey: '',
});

test('no line of README.txt is too long for a terminal or a page', () => {
  expect(readme.split('\n').filter((line) => line.length > 120)).toEqual([]);
});

test('README.txt says which of two trees in a folder a person copies', () => {
  expect(readme).toMatch(/take it from below\s+objects\/.*versions\//s);
});
