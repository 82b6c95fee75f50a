import { readFileSync } from 'node:fs';

/** Of the trainer, as it is written into results and files of features. */
export function programVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
