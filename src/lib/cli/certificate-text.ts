import type { Statement } from '../operation/certificate.ts';
import { visible } from './table.ts';

/** A certificate's statement for a person's eye. */
export function certificateText(id: string, { predicateType, subject, predicate }: Statement): string {
  const lines = [
    `certificate ${id}`,
    `says        ${predicateType}`,
    ...subject.map(({ name, digest }) => {
      const digests = Object.entries(digest).map(([algorithm, value]) => `${algorithm} ${value}`);
      return `about       ${name}: ${digests.join(', ')}`;
    }),
    ...JSON.stringify(predicate, undefined, 2).split('\n'),
  ];
  return lines.map(visible).join('\n');
}
