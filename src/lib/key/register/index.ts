export { recordCensus } from './census-record.ts';
export { registerGauges } from './gauges.ts';
export { readRegister } from './register.ts';
export { showKey } from './show.ts';
export { keyStatus } from './status.ts';
