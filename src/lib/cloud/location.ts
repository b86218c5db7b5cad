import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where a store in a folder is, for messages and the register: `file:///path`. */
export function folderLocation(path: string): string {
  return pathToFileURL(resolve(path)).href;
}

/** Where a store in a bucket is: `s3://bucket/prefix`, without a slash at its end. */
export function bucketLocation({
  bucket,
  prefix = '',
}: {
  readonly bucket: string;
  readonly prefix?: string | undefined;
}): string {
  const folder = trimmed(prefix);
  return `s3://${bucket}${folder === '' ? '' : `/${folder}`}`;
}

/** A prefix without slashes at its ends. */
export function trimmed(prefix: string): string {
  return prefix.replace(/^\/+|\/+$/g, '');
}
