/** A request or an answer of the SDK as it travels in JSON: dates are seconds since 1970, bytes are base64. */
export type Wire<T> = T extends Date
  ? number
  : T extends Uint8Array
    ? string
    : T extends readonly (infer Item)[]
      ? Wire<Item>[]
      : T extends object
        ? { [Name in keyof T]: Wire<T[Name]> }
        : T;

export const seconds = (date: Date): number => date.getTime() / 1000;

/** An error that KMS answers with; HTTP 400, as all that are the caller's. */
export class KmsFault extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}
