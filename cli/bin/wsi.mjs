#!/usr/bin/env node
// `wsi`: hands over to the project's set-up, which runs it with the pinned Node and hands signals on to it.
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const run = new URL('../../tools/setup/run.mjs', import.meta.url);
process.argv = [process.execPath, fileURLToPath(run), '--', 'node', main, ...process.argv.slice(2)];
await import(run.href);
