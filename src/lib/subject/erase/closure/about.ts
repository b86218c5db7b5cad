import type { ModelTable } from '../../../platform/map/index.ts';
import { ownNamesOf, type PersonGraph } from '../../graph/person-graph.ts';
import type { Spot } from '../../identity/spots.ts';

/**
 * A single value says whom the row of somebody else is about, unless another has the name of that somebody; a path with a
 * wildcard leads to a list, in which others stand as well.
 */
export const isAboutUnlessTold = (graph: PersonGraph, { name }: ModelTable, spot: Spot): boolean =>
  graph.aliases.every(({ table }) => table.name !== name) &&
  isOne(spot) &&
  !hasOwnersNameInside(graph, name, spot);

/** Whether a document of the row has the name of whose row it is, beside one of another kind of person. */
function hasOwnersNameInside({ roots, spots }: PersonGraph, table: string, { identity }: Spot): boolean {
  const owners = new Set(roots.flatMap((root) => ownNamesOf(spots, root)).map((own) => own.identity.subject));
  return (spots.get(table) ?? []).some(
    (other) =>
      other.form === 'path' &&
      isOne(other) &&
      other.identity.subject !== identity.subject &&
      owners.has(other.identity.subject),
  );
}

const isOne = ({ form, path }: Spot): boolean =>
  form === 'scalar' || (form === 'path' && path?.includes('*') !== true);
