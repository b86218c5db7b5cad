import type { Column } from '../../catalog/index.ts';
import { encryptedColumns } from '../encrypted-column.ts';
import { type KeyedHash, keyedHashes } from '../hashed-column.ts';
import type { CatalogRule, MapRule, Spot } from './finding.ts';
import { at, type MapModel } from './map-model.ts';
import { isSourceType } from './source-rules.ts';

export const unpairedHash: MapRule = {
  id: 'MAP37',
  severity: 'error',
  demand:
    'a keyed hash has one column for odd and one for even versions, of one source, key, normalisation and length',
  *check(model) {
    for (const hash of keyedHashes(model.map)) {
      const { odd, even } = hash;
      const [first = ''] = [...odd, ...even];
      const path = pathOf(model, hash, first);
      const [double] = [odd, even].filter(({ length }) => length > 1);
      if (double !== undefined) {
        const parity = double === odd ? 'odd' : 'even';
        yield { path, message: `${double.join(', ')} are both for ${parity} versions` };
      } else if (odd.length + even.length === 1) {
        const missing = odd.length === 0 ? 'odd' : 'even';
        yield {
          path,
          message: `${first} has no column beside it for ${missing} versions, of the same source, key, normalisation and length`,
        };
      }
    }
  },
};

export const unfitHashSource: MapRule = {
  id: 'MAP38',
  severity: 'error',
  demand: 'what is hashed is a field of the same table: in clear, or encrypted in postern’s format',
  *check(model) {
    for (const hash of keyedHashes(model.map)) {
      const source = new Map(model.tables.get(hash.table)?.fields).get(hash.source);
      for (const column of [...hash.odd, ...hash.even]) {
        const path = [...pathOf(model, hash, column), 'of'];
        if (source?.type === undefined) {
          yield { path, message: `${hash.table} has no field ${hash.source} in the map` };
        } else if (source.hmac !== undefined) {
          yield { path, message: `${hash.source} is a keyed hash itself` };
        } else if (source.encrypted?.format === 'other') {
          yield { path, message: `only the application can read the format of ${hash.source}` };
        } else continue;
        break;
      }
    }
  },
};

export const unfitHashKey: MapRule = {
  id: 'MAP39',
  severity: 'error',
  demand: 'the key of a hash stands in a keyring without subjects, under which nothing is encrypted',
  *check(model) {
    const sealing = new Set(encryptedColumns(model.map).map(({ keyring }) => keyring?.table));
    for (const hash of keyedHashes(model.map)) {
      const { keyring } = hash;
      const [first = ''] = [...hash.odd, ...hash.even];
      const path = [...pathOf(model, hash, first), 'key'];
      if (keyring === undefined) yield { path, message: `no keyring of the map holds ${hash.key}` };
      else if (keyring.subject !== undefined)
        yield { path, message: `${keyring.table} has a key for each subject` };
      else if (sealing.has(keyring.table))
        yield { path, message: `values are encrypted under ${keyring.table}; a key serves one purpose` };
    }
  },
};

export const unfitHashColumn: CatalogRule = {
  id: 'MAP40',
  severity: 'error',
  demand:
    'columns for keyed hashes may be NULL and are bytea, or wide enough for hexadecimal, all of one kind; what is hashed is text, varchar or bytea, and normalised only as text',
  *check(model, { relations }) {
    for (const hash of keyedHashes(model.map)) {
      const columns = new Map(relations.get(hash.table)?.columns.map((column) => [column.name, column]));
      const own = [...hash.odd, ...hash.even]
        .map((name) => columns.get(name))
        .filter((column) => column !== undefined);
      for (const column of own) {
        const problem = columnProblem(column, hash.bits);
        if (problem !== undefined) yield { path: pathOf(model, hash, column.name), message: problem };
      }
      const encodings = new Set(own.map(({ baseType }) => hashEncoding(baseType, hash.bits)));
      if (encodings.size > 1 && !encodings.has(undefined)) {
        yield {
          path: pathOf(model, hash, own[0]?.name ?? ''),
          message: own.map(({ name, type }) => `${name} is ${type}`).join(' and '),
        };
      }
      yield* sourceProblem(model, hash, columns.get(hash.source));
    }
  },
};

function* sourceProblem(model: MapModel, hash: KeyedHash, source: Column | undefined): Iterable<Spot> {
  // An unknown column is told by MAP02, and an encrypted one by MAP03.
  const field = new Map(model.tables.get(hash.table)?.fields).get(hash.source);
  if (source === undefined || field?.encrypted !== undefined) return;
  const [first = ''] = [...hash.odd, ...hash.even];
  const path = [...pathOf(model, hash, first), 'of'];
  if (!isSourceType(source.baseType, 'plain')) {
    yield { path, message: `${source.name} is ${source.type}, which is not text, character varying, bytea` };
  } else if (source.baseType === 'bytea' && hash.normalise.length > 0) {
    yield { path, message: `${source.name} is bytea, which is hashed as it is: leave normalise out` };
  }
}

function columnProblem({ name, type, baseType, notNull }: Column, bits: number): string | undefined {
  if (notNull) return `${name} is NOT NULL, so that it cannot wait for its turn`;
  if (hashEncoding(baseType, bits) !== undefined) return undefined;
  return `${name} is ${type}, which is neither bytea nor text or character varying of ${bits / 4} digits`;
}

/** How a hash of so many bits stands in a column of this type (without domains); undefined where it cannot. */
export function hashEncoding(baseType: string, bits: number): 'bytea' | 'hex' | undefined {
  if (baseType === 'bytea') return 'bytea';
  if (baseType === 'text') return 'hex';
  const width = /^character varying(?:\((\d+)\))?$/.exec(baseType);
  if (width === null) return undefined;
  return width[1] === undefined || Number(width[1]) >= bits / 4 ? 'hex' : undefined;
}

const pathOf = ({ tables }: MapModel, { table }: KeyedHash, column: string): Spot['path'] => {
  const found = tables.get(table);
  return found === undefined ? ['tables', table] : at(found, 'fields', column, 'hmac');
};
