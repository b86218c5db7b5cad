export { type FidesFile, fidesFile } from './dataset.ts';
export { exportFideslang } from './export-map.ts';
export { importFideslang } from './import-map.ts';
export type { Loss } from './loss.ts';
export { renderImport } from './render-map.ts';
