/** `node helm/src/generate.ts [--check]`: writes the generated files of chart, manifests and documents, or fails. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '@wsi-operator/foundation';
import { generatedFiles } from './generated-files.ts';
import { ROOT } from './permissions.ts';

function committed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

const onlyCheck = process.argv.includes('--check');
const stale = (await generatedFiles()).filter(({ path, text }) => committed(join(ROOT, path)) !== text);
for (const { path, text } of stale) {
  if (!onlyCheck) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  process.stderr.write(`${path}: ${onlyCheck ? 'is not up to date' : 'written'}\n`);
}
if (onlyCheck && stale.length > 0) {
  process.stderr.write('Run: node helm/src/generate.ts\n');
  process.exitCode = 1;
}
