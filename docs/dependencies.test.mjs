/** What each package imports is what its package.json declares, and what the documents say of both is true. */
import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Prettier writes every statement of import and export at the beginning of a line. */
const IMPORTS = [
  /^(?:import|export)\b(?:[^;'"]*?\bfrom)? '([^']+)';/gmu,
  /(?<![.#\w])(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*'([^']+)'/gu,
];
const NAME = /^(?:@[^/]+\/)?[^/]+/u;
/** What users do not run may also use what is declared for development, in its package or for the whole repository. */
const IS_FOR_DEVELOPMENT = /\.test\.(?:ts|mjs)$|\/testing\/|^(?:e2e|tools)\//u;

const manifestOf = (folder) => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
const root = manifestOf('.');
const packages = globSync(
  root.workspaces.map((pattern) => `${pattern}/package.json`),
  { cwd: ROOT },
)
  .map((file) => dirname(file))
  .sort()
  .map((folder) => ({ folder, manifest: manifestOf(folder), files: sourcesOf(folder) }));

/** Each source of a package with the packages that it imports, and with its text. */
function sourcesOf(folder) {
  const found = globSync('**/*.{ts,mts,mjs,cjs}', {
    cwd: join(ROOT, folder),
    exclude: (name) => ['node_modules', 'output'].includes(name),
  });
  return found.sort().map((name) => {
    const path = join(ROOT, folder, name);
    const text = readFileSync(path, 'utf8');
    return { file: relative(ROOT, path), text, names: importsOf(text) };
  });
}

/** The packages that a source imports, without Node's own. */
function importsOf(text) {
  const imported = IMPORTS.flatMap((form) => [...text.matchAll(form)].map(([, specifier]) => specifier));
  const names = imported
    .filter((specifier) => !/^[./]/u.test(specifier) && !isBuiltin(specifier))
    .map((specifier) => NAME.exec(specifier)[0]);
  return [...new Set(names)];
}

describe.each(packages)('the package in $folder', ({ manifest, files }) => {
  const { name: own, dependencies = {}, devDependencies = {} } = manifest;

  it('declares what it imports', () => {
    const undeclared = files.flatMap(({ file, names }) => {
      const allowed = IS_FOR_DEVELOPMENT.test(file)
        ? { ...dependencies, ...devDependencies, ...root.devDependencies }
        : dependencies;
      return names
        .filter((name) => name !== own && !Object.hasOwn(allowed, name))
        .map((name) => `${file}: ${name}`);
    });
    expect(undeclared).toEqual([]);
  });

  it('imports what it declares', () => {
    // A package whose place is resolved, not imported, is named in a text of its own.
    const isUsed = (name) =>
      files.some(
        ({ names, text }) =>
          names.includes(name) || new RegExp(`['"\`]${name}(?:/[^'"\`]*)?['"\`]`, 'u').test(text),
      );
    const declared = Object.keys({ ...dependencies, ...devDependencies });
    expect(declared.filter((name) => !isUsed(name))).toEqual([]);
  });
});

describe('the table of packages in docs/architecture.md', () => {
  const text = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
  const section = text.split('## Packages')[1].split('\n## ')[0];
  const rows = [...section.matchAll(/^\| `([^`]+)`[^|]*\|[^|]*\|([^|]*)\|$/gmu)];
  const shortNames = packages.map(({ folder }) => basename(folder));

  it('has a row for each package', () => {
    expect(rows.map(([, name]) => name).sort()).toEqual([...shortNames].sort());
  });

  it.each(rows.map(([, name, uses]) => ({ name, uses })))('says what $name imports', ({ name, uses }) => {
    const { manifest } = packages.find(({ folder }) => basename(folder) === name);
    const own = Object.keys(manifest.dependencies ?? {}).filter((other) =>
      other.startsWith('@wsi-operator/'),
    );
    const folders = own.map((other) =>
      basename(packages.find((candidate) => candidate.manifest.name === other).folder),
    );
    expect(
      uses
        .split(',')
        .map((use) => use.trim())
        .filter(Boolean)
        .sort(),
    ).toEqual(folders.sort());
  });
});

it('imports of every form are found', () => {
  const text =
    "import 'a';\nimport {\n  b,\n} from '@b/b/c';\nexport * from 'c';\nconst d = await import('d');\n";
  expect(importsOf(`${text}import './e.ts';\nimport 'node:fs';\n`)).toEqual(['a', '@b/b', 'c', 'd']);
});
