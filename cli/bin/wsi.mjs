#!/usr/bin/env node
// `wsi`: hands over to the pinned Node of the project's set-up, whatever Node started this file.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
const run = fileURLToPath(new URL('../../setup/run.mjs', import.meta.url));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const result = spawnSync(process.execPath, [run, '--', 'node', main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);
