export { takeCensus } from './census.ts';
