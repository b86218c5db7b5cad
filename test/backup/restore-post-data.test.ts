import fc from 'fast-check';
import { expect, test } from 'vitest';
import { postDataStages, type Task } from '../../src/lib/backup/restore/post-data-order.ts';
import { readStatement } from '../../src/lib/backup/restore/post-data-statement.ts';
import { runTasks } from '../../src/lib/backup/restore/run-tasks.ts';

const stagesOf = (lines: readonly string[], families: Readonly<Record<string, string>> = {}) =>
  postDataStages(
    { statements: lines.map((line) => Buffer.from(`--\n-- Name: x\n--\n\n${line};`)), encoding: 'UTF8' },
    (table) => families[table],
  );
const afterOf = (stage: ReturnType<typeof stagesOf>[number] | undefined) =>
  stage?.kind === 'parallel' ? stage.tasks.map(({ after }) => after) : undefined;

test('keys and indexes of different tables do not wait for each other, nor several indexes of one table', () => {
  const stages = stagesOf([
    "SET default_tablespace = ''",
    'ALTER TABLE ONLY public.a\n    ADD CONSTRAINT a_pkey PRIMARY KEY (id)',
    'ALTER TABLE ONLY public.b\n    ADD CONSTRAINT b_pkey PRIMARY KEY (id)',
    'CREATE INDEX a1 ON public.a USING btree (x)',
    'CREATE UNIQUE INDEX a2 ON public.a USING btree (y)',
    "COMMENT ON INDEX public.a1 IS 'x'",
    'ALTER TABLE ONLY public.a REPLICA IDENTITY USING INDEX a2',
    'CREATE TRIGGER t BEFORE INSERT ON public.a FOR EACH ROW EXECUTE FUNCTION public.f()',
    'ALTER TABLE ONLY public.a\n    ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES public.b(id)',
    'ALTER TABLE ONLY public.c\n    ADD CONSTRAINT c_b FOREIGN KEY (b) REFERENCES public.b(id)',
    'ALTER TABLE ONLY public.c\n    ADD CONSTRAINT c_d FOREIGN KEY ("D, )", e) REFERENCES public."D d"("x)", y) NOT VALID',
    'ALTER TABLE ONLY public.e\n    ADD CONSTRAINT e_f FOREIGN KEY (f) REFERENCES public.f(id)',
  ]);
  expect(stages.map(({ kind }) => kind)).toEqual(['serial', 'parallel', 'serial', 'parallel']);
  expect(afterOf(stages[1])).toEqual([[], [], [1], [1], [3, 4], [5]]);
  expect(afterOf(stages[3])).toEqual([[], [8], [9], []]);
  expect(stages.filter(({ kind }) => kind === 'serial')).toEqual([
    { kind: 'serial', range: [0, 1] },
    { kind: 'serial', range: [7, 8] },
  ]);
});

test('partitions are indexed beside each other; what locks all of them waits for all of them', () => {
  const families = Object.fromEntries(
    ['"public"."r"', '"public"."p1"', '"public"."p2"'].map((name) => [name, 'r']),
  );
  const stages = stagesOf(
    [
      'ALTER TABLE ONLY public.p1\n    ADD CONSTRAINT p1k PRIMARY KEY (id)',
      'ALTER TABLE ONLY public.p2\n    ADD CONSTRAINT p2k PRIMARY KEY (id)',
      'CREATE INDEX i ON ONLY public.r USING btree (x)',
      'ALTER TABLE public.r\n    ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.z(id)',
      'CREATE INDEX z1 ON public.z USING btree (x)',
    ],
    families,
  );
  expect(afterOf(stages[0])).toEqual([[], [], [], [0, 1, 2], [3]]);
});

test('statements that only look like an index are left in their order', () => {
  for (const text of [
    "COMMENT ON INDEX public.unknown IS 'x'",
    'CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$ CREATE INDEX a ON public.b USING btree (c) $$',
    'ALTER INDEX public.a ATTACH PARTITION public.b',
    'CREATE STATISTICS public.s ON a, b FROM public.t',
    'REFRESH MATERIALIZED VIEW public.m',
    'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f()',
  ])
    expect(readStatement(Buffer.from(`${text};`), 'UTF8', new Map()), text).toEqual({ kind: 'other' });
});

test('every statement is in exactly one stage, in order, and waits for earlier ones only', () => {
  const table = fc.constantFrom('public.a', 'public.b', '"S x"."t""q"');
  const line = fc.oneof(
    fc.tuple(table, fc.nat(99)).map(([name, n]) => `CREATE INDEX i${n} ON ${name} USING btree (x)`),
    table.map((name) => `ALTER TABLE ONLY ${name}\n    ADD CONSTRAINT k PRIMARY KEY (id)`),
    fc
      .tuple(table, table)
      .map(([a, b]) => `ALTER TABLE ONLY ${a}\n    ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES ${b}(id)`),
    fc.constantFrom("SET x = 'y'", 'CREATE RULE r', ''),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const stages = stagesOf(lines);
      const seen = stages.flatMap((stage) =>
        stage.kind === 'parallel'
          ? stage.tasks.map(({ index }) => index)
          : Array.from({ length: stage.range[1] - stage.range[0] }, (_, n) => stage.range[0] + n),
      );
      expect(seen).toEqual(lines.map((_, index) => index));
      for (const stage of stages) {
        if (stage.kind === 'serial') continue;
        const own = new Set(stage.tasks.map(({ index }) => index));
        for (const { index, after } of stage.tasks)
          expect(after.every((earlier) => earlier < index && own.has(earlier))).toBe(true);
      }
    }),
  );
});

const task = (index: number, after: readonly number[] = [], table = 't'): Task => ({ index, after, table });

test('tasks run beside each other up to the number of workers, the heaviest first, and only after what they wait for', async () => {
  const log: string[] = [];
  let atOnce = 0;
  let most = 0;
  await runTasks([task(0), task(1, [], 'heavy'), task(2, [0]), task(3, [1, 2])], {
    workers: ['a', 'b'],
    weightOf: ({ table }) => (table === 'heavy' ? 9 : 1),
    run: async (_, { index }) => {
      log.push(`begin ${index}`);
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      log.push(`end ${index}`);
    },
  });
  expect(most).toBe(2);
  expect(log[0]).toBe('begin 1');
  expect(log.indexOf('end 0')).toBeLessThan(log.indexOf('begin 2'));
  expect(log.indexOf('end 2')).toBeLessThan(log.indexOf('begin 3'));
  expect(log).toHaveLength(8);
});

test('after a failure nothing begins any more, and what is under way ends first', async () => {
  const ended: number[] = [];
  const work = runTasks([task(0), task(1), task(2)], {
    workers: ['a', 'b'],
    weightOf: () => 1,
    run: async (_, { index }) => {
      if (index === 0) throw new Error('no');
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(index);
    },
  });
  await expect(work).rejects.toThrow('no');
  expect(ended).toEqual([1]);
});
