import { describeWith } from '../support/optional.ts';
import { startSeaweedFs } from '../support/seaweedfs.ts';
import { s3ServerContract } from './s3-server.ts';

describeWith(['seaweedfs'], 'the S3 adapter against SeaweedFS', ({ seaweedfs: path }) => {
  s3ServerContract(() => startSeaweedFs(path), {
    exclusiveness: 'exclusive at once',
    keyForm: 'keys as paths',
    keysOverOnePage: 1_010,
  });
});
