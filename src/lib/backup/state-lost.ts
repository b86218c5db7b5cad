import { failure, messageOf, PosternError, partial } from '../base/error.ts';
import { isConnectionLost, type Queryable, sqlState } from '../base/postgres.ts';

/** A connection to the state database whose errors a person can act on: they come out as `state-lost` or `state-failed`. */
export function tellingState(state: Queryable): Queryable {
  const query = async (...args: readonly unknown[]): Promise<unknown> => {
    try {
      return await Reflect.apply(state.query, state, args);
    } catch (error) {
      throw stateFailure(error);
    }
  };
  // The overloads of pg's `query` can be passed on, but not be written down again.
  return { query: query as Queryable['query'] };
}

/** What went wrong with the state database, as exit 1; any other error as it is. */
export function stateFailure(error: unknown): unknown {
  if (error instanceof PosternError) return error;
  if (isConnectionLost(error))
    return failure(`the connection to the state database was lost: ${messageOf(error)}`, {
      code: 'state-lost',
      cause: error,
      hints: [
        'the run ends with it, because the lock that keeps others out is gone, too',
        'run the backup again: it finds out what this one left',
      ],
    });
  const state = sqlState(error);
  if (state === undefined) return error;
  return failure(`the state database refused: ${messageOf(error)} (SQLSTATE ${state})`, {
    code: 'state-failed',
    cause: error,
    hints: ['`postern doctor` looks at the state database'],
  });
}

/** The set is safe, and nobody but the stores knows of it. @returns exit 7, `set-not-registered` */
export function notRegistered(setId: string, where: readonly string[], cause: unknown): PosternError {
  return partial(
    `the set ${setId} is whole at ${where.join(', ')}, but the state database could not be told: ${messageOf(cause)}`,
    {
      code: 'set-not-registered',
      cause,
      hints: ['mend the state database; the next run finds the set and counts it'],
    },
  );
}
