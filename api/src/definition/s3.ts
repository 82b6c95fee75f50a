/** Where s3:// addresses of a cohort lead. */
import { defaulted, flag, object, optional, text } from '../schema/build.ts';
import { SUBDOMAIN } from './storage.ts';

export const s3 = object(
  'S3 or a store that speaks its language, for a table or slides given as s3://. Without effect on paths.',
  {
    endpoint: optional(
      text("Address of the store; by default Amazon's for the region.", {
        maxLength: 512,
        pattern: {
          expression: '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$',
          means: 'an address such as https://s3.example.org or http://minio.storage.svc:9000',
        },
      }),
    ),
    region: optional(text('Region, such as eu-central-1.', { maxLength: 64 })),
    forcePathStyle: defaulted(
      flag('Whether the bucket stands in the path and not in the host name; most stores but Amazon need it.'),
      false,
    ),
    secretName: optional(
      text(
        "Secret in the job's namespace with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN. `wsi run` takes these from the environment instead.",
        { maxLength: 253, pattern: SUBDOMAIN },
      ),
    ),
  },
);
