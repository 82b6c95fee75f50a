/**
 * An OCI image layout in a tar archive: what `ctr images import`, `skopeo copy oci-archive:`, `podman load` and
 * `kind load image-archive` read. Layers are compressed with Zstandard, which costs seconds and saves most of the writing.
 * Format: github.com/opencontainers/image-spec (image-layout.md, config.md, manifest.md).
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { joined, tarBytes, writeTar, type TarEntry } from './tar.ts';

/** A layer's archive as it is kept. */
export interface LayerFile {
  /** SHA-256 of the compressed archive, and its length. */
  readonly sha256: string;
  readonly size: number;
  /** SHA-256 of the archive itself: what the layer is, however it is compressed. */
  readonly contentSha256: string;
}

export interface Layer extends LayerFile {
  readonly file: string;
  /** What the layer holds, for `history`. */
  readonly description: string;
}

export type Architecture = 'amd64' | 'arm64';

export interface ImageConfiguration {
  /** Name and tag: `wsi-operator/trainer:0.1.0`. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly entrypoint: readonly string[];
  readonly arguments?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** `65532:65532`. */
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Nothing of an image depends on when it is made. */
const EPOCH = '1970-01-01T00:00:00Z';
const MEDIA_TYPE = 'application/vnd.oci.image';

/** Writes a layer of the entries in the given order. */
export async function writeLayer(file: string, entries: Iterable<TarEntry>): Promise<LayerFile> {
  const content = createHash('sha256');
  const compressed = createHash('sha256');
  let size = 0;
  const compress = createZstdCompress({
    chunkSize: 1 << 20,
    // The fastest: higher levels take much longer and save little of machine code.
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  await pipeline(
    joined(tarBytes(entries)),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        content.update(piece);
        yield piece;
      }
    },
    compress,
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        compressed.update(piece);
        size += piece.length;
        yield piece;
      }
    },
    createWriteStream(file),
  );
  return { sha256: compressed.digest('hex'), size, contentSha256: content.digest('hex') };
}

/** @returns the digest of the image's manifest: `sha256:...` */
export async function writeImageArchive(
  file: string,
  configuration: ImageConfiguration,
  layers: readonly Layer[],
): Promise<string> {
  const config = Buffer.from(JSON.stringify(imageConfig(configuration, layers)));
  const platform = { architecture: configuration.architecture, os: 'linux' };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
      config: { mediaType: `${MEDIA_TYPE}.config.v1+json`, ...descriptor(config) },
      layers: layers.map(({ sha256, size }) => ({
        mediaType: `${MEDIA_TYPE}.layer.v1.tar+zstd`,
        digest: `sha256:${sha256}`,
        size,
      })),
    }),
  );
  const { digest } = descriptor(manifest);
  const index = {
    schemaVersion: 2,
    mediaType: `${MEDIA_TYPE}.index.v1+json`,
    manifests: [
      {
        mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
        ...descriptor(manifest),
        platform,
        annotations: {
          'io.containerd.image.name': qualifiedName(configuration.name),
          'org.opencontainers.image.ref.name': configuration.name.split(':').at(-1),
        },
      },
    ],
  };
  const blobs = new Map<string, TarEntry['content']>();
  for (const blob of [manifest, config]) blobs.set(descriptor(blob).digest, { kind: 'bytes', bytes: blob });
  for (const layer of layers) blobs.set(`sha256:${layer.sha256}`, { kind: 'file', from: layer.file });
  await writeTar(file, [
    { path: 'oci-layout', content: { kind: 'bytes', bytes: '{"imageLayoutVersion":"1.0.0"}' } },
    { path: 'index.json', content: { kind: 'bytes', bytes: JSON.stringify(index) } },
    ...[...blobs].map(([blob, content]) => ({ path: `blobs/${blob.replace(':', '/')}`, content })),
  ]);
  return digest;
}

/** The name that Kubernetes asks the container runtime for. */
export function qualifiedName(name: string): string {
  const [first = ''] = name.split('/');
  const hasRegistry = name.includes('/') && /[.:]|^localhost$/.test(first);
  if (hasRegistry) return name;
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
}

function imageConfig(configuration: ImageConfiguration, layers: readonly Layer[]): unknown {
  return {
    architecture: configuration.architecture,
    os: 'linux',
    created: EPOCH,
    config: {
      User: configuration.user,
      Env: Object.entries(configuration.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: configuration.entrypoint,
      ...(configuration.arguments === undefined ? {} : { Cmd: configuration.arguments }),
      WorkingDir: configuration.workingDirectory,
      Labels: configuration.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ contentSha256 }) => `sha256:${contentSha256}`) },
    history: layers.map(({ description }) => ({ created: EPOCH, created_by: description })),
  };
}

function descriptor(bytes: Buffer): { digest: string; size: number } {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}
