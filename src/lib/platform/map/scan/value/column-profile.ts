import { isDomain } from './address.ts';
import { type AddressForm, inspectValue, type Sighting, type ValueKind } from './inspect-value.ts';
import { jsonPath, KeyCounts } from './json-path.ts';
import { type JsonStep, jsonStrings } from './json-strings.ts';
import type { TextFormat } from './text-format.ts';

/** Counts of the values of one place that hold an address. */
export interface AddressCounts {
  /** Values that hold one. */
  readonly values: number;
  /** Values that are nothing but one; of an array, all of whose elements with an address are. */
  readonly whole: number;
  readonly forms: ReadonlyMap<AddressForm, number>;
  readonly formats: ReadonlyMap<TextFormat, number>;
  /** Of a JSON document: keys of the object, not values in it. */
  readonly keys: number;
}

/** What is known of a column from a sample: counts and formats, and not a single value. */
export interface ColumnProfile {
  readonly kind: ValueKind;
  /** Values looked at that are not NULL. */
  readonly values: number;
  readonly addresses: AddressCounts;
  /** Values that are nothing but a domain name. */
  readonly domains: number;
  /** By JSONPath. */
  readonly paths: ReadonlyMap<string, AddressCounts>;
  readonly encrypted: number;
  /** Of the keys that encrypted values name, at most 1,000. */
  readonly keyIds: ReadonlySet<string>;
}

const mostKeyIds = 1000;
const mostPaths = 2000;

/** Takes values, keeps counts. */
export class ProfileBuilder {
  private values = 0;
  private domains = 0;
  private encrypted = 0;
  private readonly keyIds = new Set<string>();
  private readonly all = new CountBuilder();
  private readonly paths = new Map<
    string,
    { readonly path: readonly JsonStep[]; readonly counts: CountBuilder }
  >();
  private readonly keys = new KeyCounts();

  private readonly kind: ValueKind;

  constructor(kind: ValueKind) {
    this.kind = kind;
  }

  add(value: string | Buffer): void {
    this.values += 1;
    const { sightings, isEncrypted, keyId } = inspectValue(this.kind, value);
    if (isEncrypted) this.encrypted += 1;
    if (keyId !== undefined && this.keyIds.size < mostKeyIds) this.keyIds.add(keyId);
    this.all.add(sightings);
    if (this.kind === 'text' && sightings.length === 0 && isDomain(String(value))) this.domains += 1;
    if (this.kind === 'json') this.addPaths(String(value), sightings);
  }

  get hasFound(): boolean {
    return this.all.values > 0 || this.encrypted > 0;
  }

  profile(): ColumnProfile {
    const paths = new Map<string, CountBuilder>();
    for (const { path, counts } of this.paths.values()) {
      const text = jsonPath(path, this.keys);
      paths.set(text, (paths.get(text) ?? new CountBuilder()).merge(counts));
    }
    const { kind, values, domains, encrypted, keyIds, all: addresses } = this;
    return { kind, values, addresses, domains, paths, encrypted, keyIds };
  }

  private addPaths(document: string, sightings: readonly Sighting[]): void {
    this.keys.add(keysOf(document));
    const byPath = Map.groupBy(sightings, ({ path = [] }) => path.map(String).join('\0'));
    for (const [id, same] of byPath) {
      const entry = this.paths.get(id);
      if (entry === undefined && this.paths.size === mostPaths) continue;
      const { path, counts } = entry ?? { path: same[0]?.path ?? [], counts: new CountBuilder() };
      counts.add(same);
      this.paths.set(id, { path, counts });
    }
  }
}

function* keysOf(document: string): Iterable<readonly [readonly JsonStep[], string]> {
  for (const { path, text, isKey } of jsonStrings(document)) if (isKey) yield [path, text];
}

class CountBuilder implements AddressCounts {
  values = 0;
  whole = 0;
  keys = 0;
  readonly forms = new Map<AddressForm, number>();
  readonly formats = new Map<TextFormat, number>();

  /** The sightings in one value. */
  add(sightings: readonly Sighting[]): void {
    if (sightings.length === 0) return;
    this.values += 1;
    if (sightings.every(({ isWhole }) => isWhole)) this.whole += 1;
    if (sightings.some(({ isKey }) => isKey === true)) this.keys += 1;
    for (const form of new Set(sightings.map((sighting) => sighting.form))) count(this.forms, form, 1);
    for (const format of new Set(sightings.map((sighting) => sighting.format)))
      if (format !== null) count(this.formats, format, 1);
  }

  merge(other: CountBuilder): this {
    this.values += other.values;
    this.whole += other.whole;
    this.keys += other.keys;
    for (const [form, number] of other.forms) count(this.forms, form, number);
    for (const [format, number] of other.formats) count(this.formats, format, number);
    return this;
  }
}

function count<T>(counts: Map<T, number>, key: T, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}
