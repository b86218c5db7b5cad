import type { Precondition } from '../../operation/plan.ts';
import { scopePrecondition } from '../reencrypt/precondition.ts';
import type { AdoptedColumn } from './adopted-column.ts';

/** What the plan was made for: the columns, what they are bound to, and what a change of them sets off. */
export const adoptPrecondition = ({ keyring, target }: AdoptedColumn): Precondition =>
  scopePrecondition({ keyring, columns: [target] });
