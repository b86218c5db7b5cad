import { startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { s3ServerContract } from './s3-server.ts';

describeWith(['moto'], 'the S3 adapter against moto', ({ moto: path }) => {
  s3ServerContract(() => startMoto(path), {
    exclusiveness: 'exclusive one after the other',
    keyForm: 'keys as given',
    keysOverOnePage: 110,
  });
});
