import { z } from 'zod';
import { dataMapSchema } from './map-schema.ts';

/** The published schema of the data map, for editors and other tools (JSON Schema 2020-12). */
export function dataMapJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(dataMapSchema, { target: 'draft-2020-12', io: 'input' });
  return {
    $schema,
    title: 'postern data map',
    description:
      'Where a mail platform keeps personal data, whose it is, and what becomes of it. See docs/data-map.md.',
    ...schema,
  };
}
