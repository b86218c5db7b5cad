import type { Catalog } from '../../catalog/index.ts';
import type { DataMap } from '../map-schema.ts';
import { catalogModel } from './catalog-model.ts';
import {
  differentPrimaryKey,
  missingPrimaryKey,
  typeMismatch,
  unknownColumn,
  unmappedColumn,
} from './column-rules.ts';
import { unfitDomain, unknownDomain } from './domain-rules.ts';
import { leftTodo, noLegalBasis, noRetention } from './duty-rules.ts';
import {
  noDetach,
  noErasure,
  nullNotAllowed,
  ownedByNobody,
  unfittingErasure,
  unsaidAbout,
} from './erasure-rules.ts';
import type { CatalogRule, Finding, MapRule, Rule, Spot } from './finding.ts';
import { unfitHashColumn, unfitHashKey, unfitHashSource, unpairedHash } from './hash-rules.ts';
import {
  ownedByNoPerson,
  unfitAbout,
  unknownIdentity,
  unreachable,
  unusedIdentity,
} from './identity-rules.ts';
import { keyringWithoutWay, noKeyring, unknownKeyring } from './keyring-rules.ts';
import { mapModel } from './map-model.ts';
import { unknownDek, unknownKeyColumn, unresolvedKeyOwner } from './object-rules.ts';
import {
  ambiguousReference,
  blockingForeignKey,
  changedOnDelete,
  foreignKeyDrift,
  ownershipCycle,
  referenceOutsideMap,
  unfitHolder,
} from './reference-rules.ts';
import { unfitEncryptedType, unfitSource, unfitSourceType } from './source-rules.ts';
import { ignoredNothing, mappedAndIgnored, unknownTable, unmappedTable } from './table-rules.ts';
import { rewriteRule, triggerOutsideMap, unknownTrigger, unlistedTrigger } from './trigger-rules.ts';

const mapRules: readonly MapRule[] = [
  missingPrimaryKey,
  referenceOutsideMap,
  ownershipCycle,
  mappedAndIgnored,
  noErasure,
  leftTodo,
  unknownKeyColumn,
  unknownDek,
  unresolvedKeyOwner,
  unusedIdentity,
  unknownIdentity,
  noDetach,
  noRetention,
  noLegalBasis,
  unfittingErasure,
  unreachable,
  triggerOutsideMap,
  ambiguousReference,
  noKeyring,
  keyringWithoutWay,
  unfitSource,
  unpairedHash,
  unfitHashSource,
  unfitHashKey,
  unfitHolder,
  unsaidAbout,
  ownedByNobody,
  unfitDomain,
  ownedByNoPerson,
  unfitAbout,
];

const catalogRules: readonly CatalogRule[] = [
  unknownTable,
  unknownColumn,
  typeMismatch,
  differentPrimaryKey,
  unmappedTable,
  unlistedTrigger,
  unknownTrigger,
  unmappedColumn,
  blockingForeignKey,
  ignoredNothing,
  foreignKeyDrift,
  nullNotAllowed,
  rewriteRule,
  unknownKeyring,
  unfitSourceType,
  unfitEncryptedType,
  unfitHashColumn,
  changedOnDelete,
  unknownDomain,
];

/** Every rule, by number; docs/data-map.md says the same. */
export const lintRules: readonly Rule[] = [...mapRules, ...catalogRules].toSorted((a, b) =>
  a.id < b.id ? -1 : 1,
);

/**
 * What is wrong with a data map: in itself, and, with a catalog, against the database it describes.
 * @returns findings by rule number, in the document's order within each
 */
export function lintDataMap(map: DataMap, catalog?: Catalog): readonly Finding[] {
  const model = mapModel(map);
  const own = mapRules.flatMap((rule) => findings(rule, rule.check(model)));
  if (catalog === undefined) return own.toSorted(byRule);
  const database = catalogModel(catalog);
  const compared = catalogRules.flatMap((rule) => findings(rule, rule.check(model, database)));
  return [...own, ...compared].toSorted(byRule);
}

const byRule = (a: Finding, b: Finding): number => (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0);

const findings = ({ id, severity }: Rule, spots: Iterable<Spot>): readonly Finding[] =>
  Array.from(spots, (spot) => ({ rule: id, severity, ...spot }));
