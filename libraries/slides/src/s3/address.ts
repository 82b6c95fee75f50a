/** Addresses of objects in S3: `s3://BUCKET/KEY`. */
import { WsiError } from '@wsi-operator/foundation';

const SCHEME = 's3://';

export interface S3Address {
  readonly bucket: string;
  /** Without a slash at its beginning; empty for the bucket itself. */
  readonly key: string;
}

export function isS3Address(text: string): boolean {
  return text.startsWith(SCHEME);
}

/** @throws WsiError `InvalidArgument` */
export function parseS3Address(text: string): S3Address {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(text) ?? [];
  if (bucket === '') {
    throw new WsiError('InvalidArgument', 'this is not an address in S3', {
      where: text,
      remedy: 'Write s3://BUCKET/KEY.',
    });
  }
  return { bucket, key };
}

export function formatS3Address({ bucket, key }: S3Address): string {
  return `${SCHEME}${bucket}/${key}`;
}
