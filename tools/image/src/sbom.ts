/** What an image is made of, for programs: SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3). */
import type { Component } from './components.ts';

export interface SbomSubject {
  /** `docker.io/wsi-operator/trainer:0.1.0`. */
  readonly name: string;
  readonly version: string;
  /** Of the image's manifest: `sha256:...`. */
  readonly digest: string;
  /** When: an instant in RFC 3339, to the second. */
  readonly created: string;
}

const NOT_SAID = 'NOASSERTION';

export function spdxDocument(
  { name, version, digest, created }: SbomSubject,
  components: readonly Component[],
): object {
  const sha256 = digest.replace(/^sha256:/, '');
  const image = {
    SPDXID: 'SPDXRef-image',
    name,
    versionInfo: version,
    downloadLocation: NOT_SAID,
    filesAnalyzed: false,
    licenseConcluded: NOT_SAID,
    licenseDeclared: 'Apache-2.0',
    copyrightText: NOT_SAID,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
  };
  const packages = components.map((component, index) =>
    spdxPackage(component, `SPDXRef-package-${index + 1}`),
  );
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://wsi.dev/spdx/${encodeURIComponent(name)}/${sha256}`,
    creationInfo: { created, creators: [`Tool: wsi-operator-image-${version}`] },
    packages: [image, ...packages],
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', image.SPDXID),
      ...packages.map(({ SPDXID }) => relationship(image.SPDXID, 'CONTAINS', SPDXID)),
    ],
  };
}

function spdxPackage({ name, version, licence, purl, sha512, texts }: Component, id: string) {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: NOT_SAID,
    filesAnalyzed: false,
    licenseConcluded: NOT_SAID,
    licenseDeclared: licence ?? NOT_SAID,
    ...(texts.length === 0 ? {} : { licenseComments: `Texts in the image: ${texts.join(', ')}` }),
    copyrightText: NOT_SAID,
    ...(sha512 === undefined ? {} : { checksums: [{ algorithm: 'SHA512', checksumValue: sha512 }] }),
    ...(purl === undefined
      ? {}
      : {
          externalRefs: [
            { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
          ],
        }),
  };
}

function relationship(from: string, type: 'DESCRIBES' | 'CONTAINS', to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
