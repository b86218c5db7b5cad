import { integrityError, type PosternError, usageError } from '../base/error.ts';

/** What the bytes alone show to be wrong. */
export type ColumnValueProblem = 'column-value-plain' | 'column-value-truncated' | 'column-value-version';

/** Every way in which a value is not opened; each is the code of its error. */
export type ColumnValueErrorCode = ColumnValueProblem | 'column-value-key' | 'column-value-moved';

interface Explanation {
  readonly message: string;
  readonly hint: string;
}

const explanations: Readonly<Record<ColumnValueErrorCode, Explanation>> = {
  'column-value-plain': {
    message: 'the value is not encrypted: it does not begin as an encrypted one does',
    hint: 'look whether something writes to this column without encrypting',
  },
  'column-value-truncated': {
    message: 'the encrypted value is cut short: it has fewer bytes than every encrypted value has',
    hint: 'look for a limit of length where it was written, and restore the value from a backup',
  },
  'column-value-version': {
    message: 'the encrypted value has a version or suite that this postern does not know',
    hint: 'use a newer postern, or look whether the value only begins like an encrypted one by chance',
  },
  'column-value-key': {
    message: 'the encrypted value was not encrypted with this data key',
    hint: 'take the data key whose id the value names',
  },
  'column-value-moved': {
    message: 'the encrypted value belongs to another row, column or subject, or was changed since',
    hint: 'look whether the row was copied, or its primary key or owner changed, without encrypting again',
  },
};

/** Exit 5. Says neither value nor key, and not where the value stands: its caller knows, and knows what may be told. */
export function columnValueError(code: ColumnValueErrorCode): PosternError {
  const { message, hint } = explanations[code];
  return integrityError(message, { code, hints: [hint] });
}

/** Exit 2: what is given as a data key cannot be one. */
export function columnKeyInvalid(why: string): PosternError {
  return usageError(`this is no data key for column values: ${why}`, { code: 'column-key-invalid' });
}
