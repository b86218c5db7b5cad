import type { HeaderBlock } from './header-fields.ts';

/** What the header of an entity says about its body (RFC 2045). */
export interface ContentType {
  /** In small letters, without parameters: `text/plain`. */
  readonly type: string;
  /** Of a multipart. */
  readonly boundary?: string;
  readonly encoding: 'base64' | 'quoted-printable' | 'none';
  /** Whether the header says what the body is. */
  readonly isTold: boolean;
}

/** More than any such field has. */
const longest = 8192;

export function contentType(text: string, { fields }: HeaderBlock, usual: string): ContentType {
  const value = (wanted: string) => {
    const field = fields.find(({ name }) => name === wanted);
    return field === undefined ? undefined : text.slice(field.from, Math.min(field.to, field.from + longest));
  };
  const told = value('content-type');
  const type = /^\s*([\w.+-]{1,100}\/[\w.+-]{1,100})/.exec(told ?? '')?.[1]?.toLowerCase() ?? usual;
  const boundary = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"]{1,200}))/i.exec(told ?? '');
  const encoding = value('content-transfer-encoding')?.trim().toLowerCase();
  return {
    type,
    encoding: encoding === 'base64' || encoding === 'quoted-printable' ? encoding : 'none',
    isTold: told !== undefined,
    ...(boundary === null
      ? {}
      : { boundary: (boundary[1] ?? boundary[2] ?? '').replaceAll(/\\(.)/g, '$1').trimEnd() }),
  };
}
