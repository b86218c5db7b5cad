export {
  closeRequest,
  extendRequest,
  listRequests,
  openRequest,
  showRequest,
  verifyRequester,
} from './requests.ts';
export { requireAsked } from './require-open.ts';
