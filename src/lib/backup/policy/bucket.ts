import type { ObjectLock } from '../destination.ts';
import { arnsOf, type Statement } from './statement.ts';
import type { PolicyTarget } from './target.ts';

const day = 86_400_000;

/** What the bucket refuses, whoever asks: a host that was taken over writes no more than a host that was not. */
export function bucketStatements(
  target: PolicyTarget,
  deniedToWriter: readonly string[],
): readonly Statement[] {
  const { bucket, objects } = arnsOf(target);
  return [
    ...(target.transport === 'plain'
      ? []
      : [deny('OnlyOverTls', 's3:*', [bucket, `${bucket}/*`], { Bool: { 'aws:SecureTransport': 'false' } })]),
    ...(target.conditionalPut === 'native'
      ? [deny('OnlyNewObjects', 's3:PutObject', objects, { Null: { 's3:if-none-match': 'true' } })]
      : []),
    ...lockStatements(target),
    deny('NothingHiddenNothingBypassed', hiding, objects),
    ...(target.writerArn === undefined
      ? []
      : [
          deny('WriterOnlyWrites', deniedToWriter, [bucket, objects], {
            ArnEquals: { 'aws:PrincipalArn': target.writerArn },
          }),
        ]),
  ];
}

/** Pruning deletes versions by their id, which is s3:DeleteObjectVersion; s3:DeleteObject only sets markers. */
const hiding = [
  's3:DeleteObject',
  's3:BypassGovernanceRetention',
  's3:PutObjectLegalHold',
  's3:PutObjectAcl',
];

function lockStatements(target: PolicyTarget): readonly Statement[] {
  const { lock, keyringLock = lock, objectsLonger = 0 } = target;
  if (lock === undefined || keyringLock === undefined) return [];
  const under = (folder: string) => arnsOf({ ...target, prefix: target.prefix + folder }).objects;
  // The id of a set begins with the year, and so with 2; the probe of `doctor` is locked for a day only.
  const sets = under('2');
  const keyrings = under('keyrings/');
  return [
    ...modeStatement('SetsLocked', [sets, under('probe/')], lock),
    ...modeStatement('KeyringsLocked', [keyrings], keyringLock),
    ...durationStatements('Sets', sets, lock.duration, lock.duration + objectsLonger),
    ...durationStatements('Keyrings', keyrings, keyringLock.duration, keyringLock.duration),
  ];
}

function modeStatement(
  sid: string,
  resources: readonly string[],
  { mode }: ObjectLock,
): readonly Statement[] {
  // Holds for an object without a lock too: a key that is not there is not equal.
  return [
    deny(sid, 's3:PutObject', resources, {
      StringNotEquals: { 's3:object-lock-mode': mode.toUpperCase() },
    }),
  ];
}

/**
 * The lock is counted from the start of a run, and the store counts whole days from the request, so a day on either
 * side is left. Too long is as bad as too short: nobody can take a lock in compliance mode back, and the keys of an
 * erased person would stay.
 */
function durationStatements(
  what: string,
  resource: string,
  shortest: number,
  longest: number,
): readonly Statement[] {
  const least = Math.floor(shortest / day) - 2;
  const most = Math.ceil(longest / day) + 1;
  const remaining = 's3:object-lock-remaining-retention-days';
  return [
    ...(least > 0
      ? [
          deny(`${what}LockedLongEnough`, 's3:PutObject', resource, {
            NumericLessThan: { [remaining]: String(least) },
          }),
        ]
      : []),
    deny(`${what}NotLockedTooLong`, ['s3:PutObject', 's3:PutObjectRetention'], resource, {
      NumericGreaterThan: { [remaining]: String(most) },
    }),
  ];
}

function deny(
  Sid: string,
  Action: Statement['Action'],
  Resource: Statement['Resource'],
  Condition?: Statement['Condition'],
): Statement {
  return { Sid, Effect: 'Deny', Principal: '*', Action, Resource, ...(Condition && { Condition }) };
}
