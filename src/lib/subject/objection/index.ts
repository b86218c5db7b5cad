export { checkLines, rehashLines, suppressionList } from './list.ts';
export { objectFor, withdrawFor } from './object.ts';
