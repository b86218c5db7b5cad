/** A role with its password in clear. */
export interface Login {
  readonly role: string;
  readonly password: string;
}

/** What is handed on: the login, and what the server keeps of it. */
export interface NewSecret extends Login {
  readonly verifier: string;
  /** The plan; a hook can tell by it that it is asked again. */
  readonly planId: string;
}

export interface Published extends Login {
  /** The URL that readers log in with, where the file holds one. */
  readonly url?: string;
}

/** Somewhere that a new password is published to. */
export interface Place {
  /** For plans and messages; never a secret: `file /etc/mail/database.url`. */
  readonly description: string;
  /** Hands the secret on; doing it twice is the same as doing it once. */
  publish(secret: NewSecret): Promise<void>;
  /** What readers find there; undefined where nothing is, or where it is none of ours. Missing where nobody can ask. */
  published?(): Promise<Published | undefined>;
}

/** What readers find, by the first place that can be asked; undefined where none can. */
export async function publishedLogin({
  places,
}: {
  readonly places: readonly Place[];
}): Promise<Published | undefined> {
  for (const place of places) {
    const found = await place.published?.();
    if (found !== undefined) return found;
  }
  return undefined;
}
