import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PosternError } from '../../src/lib/base/error.ts';
import { canonicalJson, type JsonObject } from '../../src/lib/crypto/canonical-json.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { createPlan, type Plan, type PlanDraft, readPlan } from '../../src/lib/operation/plan.ts';
import { precondition, requireFresh } from '../../src/lib/operation/staleness.ts';
import { requireTarget } from '../../src/lib/operation/target.ts';
import { testContext } from '../support/operation.ts';

const context = testContext(
  { pool: undefined as never },
  { clock: { now: () => new Date('2026-01-31T08:00:00.123Z') } },
);

const draft: PlanDraft = {
  kind: 'toy.write',
  target: { systemIdentifier: '7345678901234567890', database: 'mail' },
  inputs: { note: 'ä' },
  steps: [{ kind: 'write', summary: 'write', inputs: {}, inverse: { kind: 'unwrite', inputs: {} } }],
  preconditions: [precondition('schema', ['a', 1])],
  effects: { 'rows written': 1 },
};

function make(own: Partial<PlanDraft> = {}): Plan {
  return createPlan(context, { ...draft, ...own });
}

/** The text of a body, and the id that goes with it. */
function written(body: JsonObject): readonly [string, string] {
  const text = canonicalJson(body);
  return [sha256Hex(text), text];
}

test('a plan is its canonical text, and its id is the text’s SHA-256', () => {
  const plan = make();
  expect(plan.id).toBe(sha256Hex(plan.text));
  expect(plan.text).toBe(canonicalJson(JSON.parse(plan.text)));
  expect(plan.body).toMatchObject({
    formatVersion: 1,
    profile: 'test',
    createdAt: '2026-01-31T08:00:00.123Z',
    expiresAt: '2026-02-07T08:00:00.123Z',
  });
  expect(readPlan(plan.id, plan.text)).toEqual(plan);
});

test('any change of the text is an integrity error', () => {
  const plan = make();
  fc.assert(
    fc.property(
      fc.nat(plan.text.length - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      (index, character) => {
        const changed = plan.text.slice(0, index) + character + plan.text.slice(index + 1);
        fc.pre(changed !== plan.text);
        expect(() => readPlan(plan.id, changed)).toThrow(expect.objectContaining({ exitCode: 5 }));
      },
    ),
  );
});

test('text with its right hash is still refused when it is no plan, not canonical, or of another format', () => {
  const body = JSON.parse(make().text) as JsonObject;
  expect(() => readPlan(...written({ ...body, formatVersion: 2 }))).toThrow(
    expect.objectContaining({ exitCode: 6, code: 'plan-format' }),
  );
  expect(() => readPlan(...written({ ...body, extra: true }))).toThrow(
    expect.objectContaining({ code: 'plan-format' }),
  );
  expect(() => readPlan(...written({ ...body, steps: [] }))).toThrow(
    expect.objectContaining({ code: 'plan-format' }),
  );
  const spaced = `${make().text} `;
  expect(() => readPlan(sha256Hex(spaced), spaced)).toThrow(expect.objectContaining({ exitCode: 5 }));
});

test('whatever the text, reading ends in a plan or in an error that a person can act on', () => {
  const isActionable = (text: string): boolean => {
    try {
      readPlan(sha256Hex(text), text);
      return true;
    } catch (error) {
      return error instanceof PosternError && (error.exitCode === 5 || error.exitCode === 6);
    }
  };
  fc.assert(fc.property(fc.string(), isActionable));
  fc.assert(fc.property(fc.json(), isActionable));
  const body = JSON.parse(make().text) as JsonObject;
  const member = fc.constantFrom(...Object.keys(body));
  fc.assert(
    fc.property(member, fc.json(), (name, json) => {
      const value: unknown = JSON.parse(json);
      return isActionable(canonicalJson({ ...body, [name]: value } as JsonObject));
    }),
  );
});

test('a target is refused when any member that the plan states differs, and others do not matter', () => {
  const plan = make({ target: { systemIdentifier: '1', database: 'mail', host: 'db1' } });
  const current = { systemIdentifier: '1', database: 'mail', host: 'db1', cloudAccount: '12' };
  expect(() => requireTarget(plan, current)).not.toThrow();
  for (const other of [
    { ...current, systemIdentifier: '2' },
    { ...current, database: 'mail2' },
    { ...current, host: 'db2' },
    { systemIdentifier: '1', database: 'mail' },
  ]) {
    expect(() => requireTarget(plan, other)).toThrow(expect.objectContaining({ code: 'plan-wrong-target' }));
  }
});

test('preconditions are stale when one changed, appeared or went, whatever their order', () => {
  const [a, b] = [precondition('a', 1), precondition('b', 2)];
  const plan = make({ preconditions: [a, b] });
  expect(() => requireFresh(plan, [b, a])).not.toThrow();
  for (const current of [[a], [a, b, precondition('c', 3)], [a, precondition('b', 3)]]) {
    expect(() => requireFresh(plan, current)).toThrow(expect.objectContaining({ code: 'plan-stale' }));
  }
});
