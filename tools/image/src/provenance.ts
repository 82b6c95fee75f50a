/**
 * What an image was made from: an in-toto statement with SLSA's provenance, version 1 (slsa.dev/spec/v1.0/provenance). It is
 * what the builder says of itself; who signs it answers for it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Layer } from './oci-archive.ts';

export interface Source {
  /** The commit's digits; undefined without git. */
  readonly commit: string | undefined;
  /** When it was made, in RFC 3339 and UTC; undefined without git. */
  readonly committed: string | undefined;
  /** Whether files differ from it. */
  readonly changed: boolean;
}

export interface Input {
  readonly name: string;
  readonly digest: Readonly<Record<string, string>>;
}

export interface Build {
  readonly image: string;
  /** `sha256:...`. */
  readonly digest: string;
  readonly target: string;
  readonly version: string;
  readonly source: Source;
  readonly inputs: readonly Input[];
  readonly layers: readonly Pick<Layer, 'description' | 'sha256'>[];
}

const PAGE = 'https://wsi.dev/image-archive/v1';

export function provenanceStatement({
  image,
  digest,
  target,
  version,
  source,
  inputs,
  layers,
}: Build): object {
  const repository = {
    name: 'wsi-operator',
    // Of files that differ from their commit, its digest would say too much.
    ...(source.commit === undefined || source.changed ? {} : { digest: { gitCommit: source.commit } }),
    annotations: { basedOn: source.commit ?? 'not known', uncommittedChanges: source.changed },
  };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: image, digest: { sha256: digest.replace(/^sha256:/, '') } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: PAGE,
        externalParameters: { target },
        internalParameters: { architecture: process.arch },
        resolvedDependencies: [repository, ...inputs],
      },
      runDetails: {
        builder: { id: PAGE, version: { 'wsi-operator': version, node: process.versions.node } },
        byproducts: layers.map(({ description, sha256 }) => ({ name: description, digest: { sha256 } })),
      },
    },
  };
}

/** What git says of the repository. */
export function readSource(root: string): Source {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  const seconds = git('show', '--no-patch', '--format=%ct', 'HEAD');
  return {
    commit: git('rev-parse', 'HEAD'),
    committed: seconds === undefined ? undefined : rfc3339(Number(seconds)),
    changed: git('status', '--porcelain') !== '',
  };
}

/** To the second, as SPDX wants it. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** A file by its content. */
export async function inputOf(name: string, file: string): Promise<Input> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return { name, digest: { sha256: hash.digest('hex') } };
}
