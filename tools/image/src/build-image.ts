/** Makes an image of the repository as it is, without a container engine. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WsiError } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { USER, imageComponents, imageContent, nativeInputs, type Target } from './contents.ts';
import { layerOf } from './layer-cache.ts';
import {
  qualifiedName,
  writeImageArchive,
  type Architecture,
  type ImageConfiguration,
  type Layer,
} from './oci-archive.ts';
import { inputOf, provenanceStatement, readSource, rfc3339 } from './provenance.ts';
import { spdxDocument } from './sbom.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

export interface BuiltImage {
  readonly file: string;
  /** `wsi-operator/trainer:0.1.0`. */
  readonly name: string;
  /** Of the manifest: `sha256:...`; the same content has the same. */
  readonly digest: string;
  /** What is in it, as SPDX, and what it was made from, as SLSA's provenance: files beside the image. */
  readonly sbom: string;
  readonly provenance: string;
}

/**
 * Writes OUTPUT/TARGET.tar, TARGET.spdx.json and TARGET.provenance.json.
 * @param tag the image's tag; the project's version by default
 */
export async function buildImage(target: Target, output: string, tag?: string): Promise<BuiltImage> {
  const name = `wsi-operator/${target}:${tag ?? projectVersion()}`;
  mkdirSync(output, { recursive: true });
  const folder = mkdtempSync(join(output, `.${target}-`));
  try {
    const layers: Layer[] = [];
    for (const content of imageContent(ROOT, target)) layers.push(await layerOf(content, folder));
    const archive = join(folder, 'image.tar');
    const digest = await writeImageArchive(archive, configurationOf(target, name), layers);
    const file = join(output, `${target}.tar`);
    renameSync(archive, file);
    return { file, name, digest, ...(await describeImage(target, { output, name, digest, layers })) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes what is to be known of an image; who gets the image gets the same from the same commit. */
async function describeImage(
  target: Target,
  of: {
    readonly output: string;
    readonly name: string;
    readonly digest: string;
    readonly layers: readonly Layer[];
  },
): Promise<Pick<BuiltImage, 'sbom' | 'provenance'>> {
  const source = readSource(ROOT);
  const version = projectVersion();
  const image = qualifiedName(of.name);
  const { digest, layers } = of;
  const subject = { name: image, version, digest, created: source.committed ?? rfc3339(0) };
  const inputs = await Promise.all(nativeInputs(ROOT, target).map(([name, file]) => inputOf(name, file)));
  const sbom = join(of.output, `${target}.spdx.json`);
  const provenance = join(of.output, `${target}.provenance.json`);
  const json = (content: object): string => `${JSON.stringify(content, null, 2)}\n`;
  writeFileSync(sbom, json(spdxDocument(subject, imageComponents(ROOT, target).list)));
  writeFileSync(
    provenance,
    json(provenanceStatement({ image, digest, target, version, source, inputs, layers })),
  );
  return { sbom, provenance };
}

/**
 * Writes what the image adds to a base image that brings Node and the system's libraries, as a folder: for the
 * Dockerfile, so that both ways lead to the same content.
 */
export function writeTree(target: Target, output: string): void {
  for (const { name, entries } of imageContent(ROOT, target)) {
    if (name === 'base') continue;
    for (const { path, mode, content } of entries) {
      // The system's libraries are the base image's own.
      if (!/^(app|opt)(\/|$)/.test(path)) continue;
      const to = join(output, path);
      mkdirSync(dirname(to), { recursive: true });
      switch (content.kind) {
        case 'directory':
          mkdirSync(to, { recursive: true });
          break;
        case 'link':
          symlinkSync(content.target, to);
          break;
        case 'bytes':
          writeFileSync(to, content.bytes, { mode: mode ?? 0o644 });
          break;
        case 'file':
          cpSync(content.from, to);
      }
    }
  }
}

export function projectVersion(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** How a container of the image starts, whatever way it was made. */
export function configurationOf(target: Target, name: string): ImageConfiguration {
  const { tensorflowVariant, tensorflowVersion } = readSetup();
  const trainer = target === 'trainer';
  return {
    name,
    architecture: architectureOf(process.arch),
    entrypoint: ['/usr/local/bin/node', `/app/${target}/src/main.ts`],
    environment: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/tmp',
      NODE_ENV: 'production',
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
      // The stripping of types is Node's own and meant; its warning would be the first line of every log.
      NODE_NO_WARNINGS: '1',
      ...(trainer && tensorflowVariant === 'gpu'
        ? { NVIDIA_VISIBLE_DEVICES: 'all', NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' }
        : {}),
    },
    workingDirectory: '/app',
    user: `${USER}:${USER}`,
    labels: {
      'org.opencontainers.image.title': `wsi-operator ${target}`,
      'org.opencontainers.image.description': trainer
        ? 'Coordinator, parameter server and worker of a whole-slide-image training job'
        : 'Operator of whole-slide-image training jobs on Kubernetes',
      'org.opencontainers.image.version': projectVersion(),
      'org.opencontainers.image.licenses': 'Apache-2.0',
      ...(trainer ? { 'dev.wsi.tensorflow': `${tensorflowVersion ?? ''}-${tensorflowVariant ?? ''}` } : {}),
    },
  };
}

function architectureOf(arch: string): Architecture {
  if (arch === 'x64') return 'amd64';
  if (arch === 'arm64') return 'arm64';
  throw new WsiError('Unavailable', `No image is made for ${arch}`, { remedy: 'Use x64 or arm64.' });
}

/** A new folder for images that nobody wants to keep. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'wsi-images-'));
}
