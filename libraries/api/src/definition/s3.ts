/** Where s3:// addresses of a cohort lead. */
import { defaulted, flag, integer, list, object, optional, text } from '../schema/build.ts';
import { endpointRules } from './endpoint-rules.ts';
import { SUBDOMAIN } from './storage.ts';

export const s3 = object(
  'S3 or a store that speaks its language, for a table or slides given as s3://. Without effect on paths.',
  {
    endpoint: optional(
      text("Address of the store; by default Amazon's for the region.", {
        maxLength: 512,
        pattern: {
          expression: '^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$',
          means:
            'an address such as https://s3.example.org, https://minio.storage.svc:9000 or https://[fd00::5]:9000',
        },
      }),
    ),
    insecure: optional(
      flag(
        'Whether the store may be asked without encryption (http://); by default not, but on this machine (localhost, 127.0.0.1, ::1). Who is on the way then reads the slides and can change them.',
      ),
    ),
    linkLocal: optional(
      flag(
        'Whether the store may be at a link-local address (169.254.0.0/16, fe80::/10), by its address or by what its name leads to; by default not. Clouds have their metadata service there, which gives credentials; its other addresses (fd00:ec2::/32, fd20:ce::254, 100.100.100.200, 168.63.129.16, 192.0.0.192) count among these.',
      ),
    ),
    podPorts: optional(
      list(
        "Ports of the store's pods, where it is a Service of the cluster with other ports than these: network policies go by pods. By default any port of the namespace that the endpoint names.",
        integer('A port.', { minimum: 1, maximum: 65535 }),
        { minItems: 1, maxItems: 16 },
      ),
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
  { rules: endpointRules },
);
