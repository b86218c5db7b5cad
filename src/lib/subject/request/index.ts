export {
  closeRequest,
  extendRequest,
  listRequests,
  openRequest,
  showRequest,
  verifyRequester,
} from './requests.ts';
