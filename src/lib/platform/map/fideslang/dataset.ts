import { z } from 'zod';

/**
 * A dataset as fideslang 3 has it (https://ethyca.github.io/fideslang/resources/dataset/), as far as a data map can say
 * the same. What else stands there is kept aside and counted as lost.
 */
const keys = z.array(z.string());

const reference = z.looseObject({
  dataset: z.string(),
  /** `collection.field`, and further names of nested fields. */
  field: z.string(),
  /** `from`: values come from there. `to`: they go there. Neither: both ways. */
  direction: z.enum(['from', 'to']).nullish(),
});

const masking = z.looseObject({
  strategy: z.string(),
  configuration: z.looseObject({ rewrite_value: z.unknown().optional() }).nullish(),
});

const fieldMeta = z.looseObject({
  references: z.array(reference).nullish(),
  identity: z.string().nullish(),
  primary_key: z.boolean().nullish(),
  data_type: z.string().nullish(),
  length: z.number().int().positive().nullish(),
  read_only: z.boolean().nullish(),
  masking_strategy_override: masking.nullish(),
});

export type FidesMeta = z.infer<typeof fieldMeta>;

/** What is `fides_meta` now was called `fidesops_meta` before. */
const named = <const Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || !('fidesops_meta' in value)) return value;
    const { fidesops_meta: before, ...rest } = value;
    return 'fides_meta' in rest ? rest : { ...rest, fides_meta: before };
  }, z.looseObject(shape));

const base = {
  description: z.string().nullish(),
  data_categories: keys.nullish(),
  data_subjects: keys.nullish(),
};

/** Fields may hold fields, as the members of a JSON document. */
export interface FidesField {
  name: string;
  description?: string | null | undefined;
  data_categories?: string[] | null | undefined;
  data_subjects?: string[] | null | undefined;
  fides_meta?: FidesMeta | null | undefined;
  fields?: FidesField[] | null | undefined;
}

const field: z.ZodType<FidesField> = z.lazy(() =>
  named({
    name: z.string().min(1, 'expected a name'),
    ...base,
    fides_meta: fieldMeta.nullish(),
    fields: z.array(field).nullish(),
  }),
);

const collection = named({
  name: z.string().min(1, 'expected a name'),
  ...base,
  fides_meta: z.looseObject({ masking_strategy_override: masking.nullish() }).nullish(),
  fields: z.array(field),
});

const dataset = named({
  fides_key: z.string().regex(/^[a-zA-Z0-9_.<>-]+$/, 'expected letters, digits, _ . - < >'),
  name: z.string().nullish(),
  ...base,
  /** Free for whoever writes it: postern keeps there what Fides does not read. */
  meta: z.looseObject({ postern: z.unknown().optional() }).nullish(),
  fides_meta: z
    .looseObject({ namespace: z.looseObject({ schema: z.string().optional() }).nullish() })
    .nullish(),
  collections: z.array(collection),
});

/** A file of datasets. */
export const fidesFile = z.looseObject({ dataset: z.array(dataset).min(1, 'expected at least one dataset') });

export type FidesFile = z.infer<typeof fidesFile>;
export type FidesDataset = z.infer<typeof dataset>;
export type FidesCollection = z.infer<typeof collection>;
