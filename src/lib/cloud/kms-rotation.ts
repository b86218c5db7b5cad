/**
 * The material inside a key. A rotation gives the key new material for what is encrypted from then on; the older ones
 * stay and decrypt what they made, and cannot be destroyed alone. Only `encrypt` keys rotate (`kms-unsupported`).
 * Errors as `Kms`.
 */
export interface KmsRotation {
  /**
   * Begins a rotation on demand. It is done when `rotationStatus` shows none in progress **and** `Kms.currentMaterial`
   * gives the new id. AWS allows 25 in a key's life, so after an error that leaves open whether it began
   * (`kms-unreachable`, `kms-unavailable`), ask for the status and the materials before asking again.
   * @throws {PosternError} exit 1 `kms-rotation-pending` while another one is in progress or near; `kms-limit`
   */
  rotateKey(keyId: string): Promise<void>;

  rotationStatus(keyId: string): Promise<RotationStatus>;

  /** The materials the key ever had whose rotation is complete, the first one included, oldest first. */
  listMaterials(keyId: string): Promise<readonly KeyMaterial[]>;

  /** Undefined where nobody rotates keys by itself: in a file. */
  readonly automaticRotation: AutomaticRotation | undefined;
}

export interface AutomaticRotation {
  /**
   * Lets the service rotate the key every so many days, 90 to 2,560; also changes the period of one that is on.
   * @throws {PosternError} exit 2 `kms-rotation-period`
   */
  enable(keyId: string, periodDays: number): Promise<void>;
  disable(keyId: string): Promise<void>;
}

export interface RotationStatus {
  /** When the rotation on demand began that is in progress; left out when there is none. */
  readonly inProgressSince?: Date;
  readonly automatic:
    | { readonly on: false }
    /** Days between rotations, and the next date, where the service tells them. */
    | { readonly on: true; readonly periodDays?: number; readonly next?: Date };
}

export interface KeyMaterial {
  /** As in `DataKey.materialId`; some servers tell none. */
  readonly materialId?: string;
  /** `current` encrypts, `former` only decrypts, `pending` waits; some servers tell none. */
  readonly state?: 'current' | 'former' | 'pending';
  /** When its rotation was complete; left out for the first material. */
  readonly rotated?: Date;
  readonly rotation?: 'on-demand' | 'automatic';
}
