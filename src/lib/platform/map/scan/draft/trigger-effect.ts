import type { Catalog } from '../../../catalog/index.ts';
import type { Relation } from '../../../catalog/relation.ts';
import { formatName } from '../../name.ts';
import type { DraftTrigger } from './draft.ts';

type Trigger = Relation['triggers'][number];

/** Functions of PostgreSQL's own that change only the row at hand, or nothing. */
const builtIn: Readonly<Record<string, DraftTrigger['effect']>> = {
  tsvector_update_trigger: 'changes-row',
  tsvector_update_trigger_column: 'changes-row',
  suppress_redundant_updates_trigger: 'none',
};

/** What a trigger does, where that can be proven from its function; a person decides about all others. */
export function draftTrigger({ schema, name }: Relation, trigger: Trigger, catalog: Catalog): DraftTrigger {
  const full = formatName(schema, name, trigger.name);
  const known = trigger.functionSchema === 'pg_catalog' ? builtIn[trigger.functionName] : undefined;
  if (known !== undefined) {
    const reason = `${trigger.functionName} is a function of PostgreSQL's own`;
    return { name: full, effect: known, note: { reason, confidence: 'certain' } };
  }
  const routine = catalog.routines.find(({ oid }) => oid === trigger.function);
  const isOwnRow =
    routine !== undefined &&
    routine.language === 'plpgsql' &&
    routine.settings === null &&
    trigger.timing === 'before' &&
    trigger.level === 'row' &&
    onlyAssigns(routine.source);
  const called = formatName(trigger.functionSchema, trigger.functionName);
  return isOwnRow
    ? {
        name: full,
        effect: 'changes-row',
        note: { reason: `${called} only assigns to columns of the row at hand`, confidence: 'certain' },
      }
    : {
        name: full,
        effect: 'TODO',
        note: { reason: `calls ${called}: read what it writes, and where`, confidence: 'low' },
      };
}

const atom = String.raw`(?:(?:NEW|OLD)\s*\.\s*[a-z_][a-z0-9_]*|'[^'\\]*'|\d+|NULL|TRUE|FALSE|CURRENT_TIMESTAMP|CURRENT_DATE|(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(\s*\))`;
const expression = String.raw`(?:${atom}|(?:lower|upper|btrim)\s*\(\s*(?:${atom}|(?:lower|upper|btrim)\s*\(\s*${atom}\s*\))\s*\))`;
const statement = String.raw`(?:NEW\s*\.\s*[a-z_][a-z0-9_]*\s*:?=\s*${expression}|RETURN\s+NEW)\s*;`;
const body = new RegExp(String.raw`^\s*BEGIN(?:\s+${statement})+\s*END\s*;?\s*$`, 'i');

/** Assignments of plain expressions to NEW, and RETURN NEW: anything else might reach another table. */
function onlyAssigns(source: string): boolean {
  // What looks like a comment inside a string would hide what comes after it.
  if (source.includes("'") && /--|\/\*/.test(source)) return false;
  const code = source.replaceAll(/--[^\r\n]*/g, ' ').replaceAll(/\/\*[\s\S]*?\*\//g, ' ');
  return body.test(code);
}
