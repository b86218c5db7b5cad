export { chooseSchemaDumper, type SchemaDumper } from './choose-schema-dumper.ts';
export { comparableSchema } from './comparable-schema.ts';
export { dumpSchema } from './dump-schema.ts';
