import { formatDuration } from '../../base/duration.ts';
import type { StoreCapabilities } from '../../cloud/object-store.ts';
import { clockTolerance } from '../../operation/clock-tolerance.ts';
import { line, type ProbeLine } from './line.ts';

/** What the store says of itself. Nothing is written. @param now this host's time, at the moment of asking */
export function bucketLines(capabilities: StoreCapabilities, now: Date): readonly ProbeLine[] {
  return [
    clockLine(capabilities, now),
    versionsLine(capabilities),
    retentionLine(capabilities),
    ...uploadsLine(capabilities),
  ];
}

function clockLine({ time }: StoreCapabilities, now: Date): ProbeLine {
  if (time === 'unknown') return line('clock', 'unknown', 'the store does not say what time it has');
  const ahead = now.getTime() - time.getTime();
  if (Math.abs(ahead) <= clockTolerance) return line('clock', 'ok', 'agrees with the store');
  const side = ahead > 0 ? 'ahead of' : 'behind';
  return line(
    'clock',
    'finding',
    `this host is ${formatDuration(Math.abs(ahead))} ${side} the store, and locks would end by that much wrong`,
    'set the clock by NTP, and check which of the two is right',
  );
}

function versionsLine({ versioning }: StoreCapabilities): ProbeLine {
  if (versioning === true) return line('versions', 'ok', 'kept');
  if (versioning === 'unknown')
    return line('versions', 'unknown', 'these credentials may not ask', 'grant s3:GetBucketVersioning');
  return line(
    'versions',
    'finding',
    'not kept: whoever writes over an object destroys it',
    'use a bucket that was made with Object Lock, which keeps versions for good',
  );
}

function retentionLine({ defaultRetention }: StoreCapabilities): ProbeLine {
  if (defaultRetention === 'none')
    return line('default retention', 'ok', 'none: each object is locked as asked');
  if (defaultRetention === 'unknown') {
    return line(
      'default retention',
      'unknown',
      'these credentials may not ask',
      'grant s3:GetBucketObjectLockConfiguration',
    );
  }
  return line(
    'default retention',
    'finding',
    `${defaultRetention}: the bucket also locks what should go early, such as the probe and objects without a lock`,
    'remove the default retention of the bucket; postern asks for a lock with each object',
  );
}

function uploadsLine({ abortsUploads }: StoreCapabilities): readonly ProbeLine[] {
  if (abortsUploads === 'unknown') return [];
  if (abortsUploads) return [line('unfinished uploads', 'ok', 'ended by the store')];
  const hint = 'add a lifecycle rule AbortIncompleteMultipartUpload; other programs may leave parts behind';
  return [line('unfinished uploads', 'ok', 'never ended by the store; postern makes none', hint)];
}
