import { z } from 'zod';
import { label, tableName, triggerName } from './schema/common.ts';
import { ignored } from './schema/ignore.ts';
import { keyring } from './schema/keyring.ts';
import { subject } from './schema/subject.ts';
import { table } from './schema/table.ts';
import { trigger } from './schema/trigger.ts';

/** `postern.map.yaml`: where the platform keeps personal data, whose it is, and what becomes of it. */
export const dataMapSchema = z.strictObject({
  version: z.literal(1, 'expected version 1'),
  subjects: z.record(label, subject),
  tables: z.record(tableName, table),
  keyrings: z.record(tableName, keyring).optional(),
  triggers: z.record(triggerName, trigger).optional(),
  ignore: z.array(ignored).optional(),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type DataMap = DeepReadonly<z.infer<typeof dataMapSchema>>;
export type MapTable = DataMap['tables'][string];
export type MapField = NonNullable<MapTable['fields']>[string];
export type MapKeyring = NonNullable<DataMap['keyrings']>[string];
export type MapReference = NonNullable<MapTable['references']>[number];
