import type { Archive } from '../archive/archive.ts';
import type { GrowingFile } from '../archive/growing-file.ts';
import { mboxEntry } from './mbox.ts';

/** As which files messages are written. */
export type MailForm = 'both' | 'eml' | 'mbox';

export interface MailFiles {
  /** @param name of the message, safe. @returns the files that hold it */
  write(name: string, message: Buffer): Promise<readonly string[]>;
  /** @returns the mbox files */
  close(): Promise<readonly string[]>;
}

/** Messages one by one, and in one mailbox that mail programs import. */
export function mailFiles(
  archive: Archive,
  {
    folder,
    form,
    rollAt,
  }: { readonly folder: string; readonly form: MailForm; readonly rollAt: number | undefined },
): MailFiles {
  const paths: string[] = [];
  let mailbox: GrowingFile | undefined;
  return {
    async write(name, message) {
      const files: string[] = [];
      if (form !== 'mbox') {
        files.push(`${folder}/${name}.eml`);
        await archive.add(`${folder}/${name}.eml`, message);
      }
      if (form === 'eml') return files;
      if (mailbox === undefined) {
        paths.push(`${folder}/messages${paths.length === 0 ? '' : `-${paths.length + 1}`}.mbox`);
        mailbox = archive.create(paths.at(-1) ?? '');
      }
      if (form === 'mbox') files.push(paths.at(-1) ?? '');
      await mailbox.write(mboxEntry(message));
      if (rollAt !== undefined && mailbox.size >= rollAt) {
        await mailbox.close();
        mailbox = undefined;
      }
      return files;
    },
    async close() {
      await mailbox?.close();
      return paths;
    },
  };
}
