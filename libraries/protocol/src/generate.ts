/** `node libraries/protocol/src/generate.ts [--check]`: writes the types of the protocol's messages, or fails when they are stale. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { committedTypes, generatedTypes, ROOT } from './generated-types.ts';

const onlyCheck = process.argv.includes('--check');
const files = generatedTypes();
const before = new Map(committedTypes().map(({ path, text }) => [path, text]));
const stale = files.filter(({ path, text }) => before.get(path) !== text);
const gone = [...before.keys()].filter((path) => !files.some((file) => file.path === path));
for (const { path, text } of stale) {
  if (!onlyCheck) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  process.stderr.write(`${path}: ${onlyCheck ? 'differs from the .proto' : 'written'}\n`);
}
for (const path of gone) {
  if (!onlyCheck) rmSync(join(ROOT, path));
  process.stderr.write(`${path}: ${onlyCheck ? 'is of no message of the .proto' : 'removed'}\n`);
}
if (onlyCheck && stale.length + gone.length > 0) {
  process.stderr.write('Run: node libraries/protocol/src/generate.ts\n');
  process.exitCode = 1;
}
