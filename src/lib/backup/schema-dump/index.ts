export { chooseSchemaDumper, type SchemaDumper, type SchemaDumperChoice } from './choose-schema-dumper.ts';
export { comparableSchema } from './comparable-schema.ts';
export { dumpSchema, type SchemaDumpOptions } from './dump-schema.ts';
export type { SchemaSection } from './pg-dump-arguments.ts';
