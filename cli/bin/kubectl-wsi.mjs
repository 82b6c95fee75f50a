#!/usr/bin/env node
// `kubectl wsi`: kubectl finds this program by its name on PATH. As `wsi`, through the project's set-up.
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/kubectl-plugin.ts', import.meta.url));
const run = new URL('../../tools/setup/run.mjs', import.meta.url);
process.argv = [process.execPath, fileURLToPath(run), '--', 'node', main, ...process.argv.slice(2)];
await import(run.href);
