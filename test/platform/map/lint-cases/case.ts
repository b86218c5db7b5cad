/** One change of a map that fits its database, and what a rule says to it. */
export interface Case {
  readonly rule: string;
  readonly when: string;
  /** Text in the map, and what it becomes. */
  readonly change?: readonly [from: string, to: string];
  /** A change of the database. */
  readonly sql?: string;
  /** Part of the one message of this rule; absent: the rule stays quiet. */
  readonly says?: string;
}
