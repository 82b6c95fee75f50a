/** `node libraries/api/src/generate.ts [--check]`: writes the CRD and the reference page, or fails when they are not up to date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorCode } from '@wsi-operator/foundation';
import { generatedFiles } from './generated.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function committed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

const onlyCheck = process.argv.includes('--check');
const stale = generatedFiles().filter(({ path, text }) => committed(join(root, path)) !== text);
for (const { path, text } of stale) {
  if (!onlyCheck) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  process.stderr.write(`${path}: ${onlyCheck ? 'differs from the definition' : 'written'}\n`);
}
if (onlyCheck && stale.length > 0) {
  process.stderr.write('Run: node libraries/api/src/generate.ts\n');
  process.exitCode = 1;
}
