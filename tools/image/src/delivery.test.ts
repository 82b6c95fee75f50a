/** What comes with an image: the licences in it, and what is said of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { npmComponents } from './components.ts';
import { imageComponents, imageContent, targets } from './contents.ts';
import { installedIn, packageClosure, readLock } from './package-closure.ts';
import { inputOf, provenanceStatement, readSource } from './provenance.ts';
import { spdxDocument } from './sbom.ts';

const ROOT = new URL('../../../', import.meta.url).pathname.replace(/\/$/, '');
const DIGEST = `sha256:${'ab'.repeat(32)}`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-delivery-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe.each(targets)('the image of the %s', (target) => {
  const components = imageComponents(ROOT, target).list;
  const entries = imageContent(ROOT, target).flatMap((layer) => layer.entries);

  it('has a licence for every component, and every licence text that is named', () => {
    const files = new Set(
      entries.filter(({ content }) => content.kind !== 'directory').map(({ path }) => path),
    );
    for (const { name, texts } of components) {
      expect([name, texts.length]).not.toEqual([name, 0]);
      expect(texts.filter((text) => !files.has(text))).toEqual([]);
    }
    const { packages } = packageClosure(readLock(ROOT), target, installedIn(ROOT));
    const listed = new Set(
      components.flatMap(({ purl = '' }) => (purl.startsWith('pkg:npm/') ? [purl] : [])),
    );
    expect(listed.size).toBeGreaterThan(100);
    expect(npmComponents(ROOT, readLock(ROOT), packages).list.length).toBe(listed.size);
  });

  it('has a notice that lists them all', () => {
    const content = entries.find(({ path }) => path === 'app/licences/NOTICE.txt')?.content;
    const text = content?.kind === 'bytes' ? content.bytes.toString() : '';
    for (const { name, version } of components) expect(text).toContain(`\n${name} ${version}: `);
    for (const name of ['node', 'libc6', ...(target === 'trainer' ? ['openslide-bin', 'tensorflow'] : [])])
      expect(components.map((one) => one.name)).toContain(name);
  });

  it('is described by a consistent SPDX document', () => {
    const subject = { name: 'image', version: '1', digest: DIGEST, created: '2026-01-01T00:00:00Z' };
    const document = spdxDocument(subject, components) as {
      packages: { SPDXID: string; licenseDeclared: string; checksums?: { checksumValue: string }[] }[];
      relationships: { spdxElementId: string; relatedSpdxElement: string }[];
    };
    const ids = document.packages.map(({ SPDXID }) => SPDXID);
    expect(ids.length).toBe(components.length + 1);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    expect(document.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)).toEqual(ids);
    for (const { licenseDeclared, checksums = [] } of document.packages) {
      expect(licenseDeclared).toMatch(/^\(?[A-Za-z0-9.-]+( (AND|OR|WITH) [A-Za-z0-9.-]+)*\)?$/);
      for (const { checksumValue } of checksums)
        expect(checksumValue).toMatch(/^([0-9a-f]{64}|[0-9a-f]{128})$/);
    }
  });
});

describe('a package', () => {
  const withPackage = (manifest: object, files: Readonly<Record<string, string>> = {}): string => {
    const folder = join(directory, 'node_modules/one');
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'one', version: '1.0.0', ...manifest }),
    );
    return 'node_modules/one';
  };

  it('without an available licence text fails the build of an image', () => {
    const folder = withPackage({ license: 'EUPL-1.2' });
    expect(() => npmComponents(directory, {}, [folder])).toThrow(/no text of the licence \(EUPL-1.2\)/);
    expect(() => npmComponents(directory, {}, [withPackage({})])).toThrow(/none is named/);
  });

  it('whose licence is only a text has no identifier, and needs the text', () => {
    const manifest = { license: 'SEE LICENSE IN LICENSE.txt' };
    expect(() => npmComponents(directory, {}, [withPackage(manifest)])).toThrow(/none is named/);
    const [component] = npmComponents(directory, {}, [
      withPackage(manifest, { 'LICENSE.txt': 'words' }),
    ]).list;
    expect(component?.licence).toBeUndefined();
    expect(component?.texts).toEqual(['app/node_modules/one/LICENSE.txt']);
  });

  it('with a licence text of its own keeps it', () => {
    const folder = withPackage({ licenses: [{ type: 'EUPL-1.2' }] }, { 'LICENCE.txt': 'words' });
    expect(npmComponents(directory, {}, [folder]).list).toMatchObject([
      { licence: 'EUPL-1.2', texts: ['app/node_modules/one/LICENCE.txt'] },
    ]);
  });
});

describe('the provenance', () => {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      encoding: 'utf8',
    }).trim();
  const dependencies = (): unknown => {
    const source = readSource(directory);
    const statement = provenanceStatement({
      ...{ image: 'image', digest: DIGEST, target: 'operator', version: '1', inputs: [], layers: [] },
      source,
    }) as { predicate: { buildDefinition: { resolvedDependencies: unknown[] } } };
    return statement.predicate.buildDefinition.resolvedDependencies[0];
  };

  it('names the commit, but not as the source of modified files', () => {
    expect(readSource(directory)).toEqual({ commit: undefined, committed: undefined, changed: true });
    git('init', '--quiet');
    writeFileSync(join(directory, 'a'), '1');
    git('add', '.');
    git('commit', '--quiet', '--message', 'a');
    const gitCommit = git('rev-parse', 'HEAD');
    expect(dependencies()).toMatchObject({
      digest: { gitCommit },
      annotations: { uncommittedChanges: false },
    });
    writeFileSync(join(directory, 'a'), '2');
    expect(dependencies()).not.toHaveProperty('digest');
    expect(dependencies()).toMatchObject({ annotations: { basedOn: gitCommit, uncommittedChanges: true } });
  });

  it('names inputs by their content', async () => {
    const file = join(directory, 'a');
    writeFileSync(file, 'abc');
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(await inputOf('a', file)).toEqual({ name: 'a', digest: { sha256 } });
  });
});
