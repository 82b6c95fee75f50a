/**
 * The chart as Helm renders it, for tests that can only be made with Helm. `WSI_HELM` names the binary; otherwise it is
 * `helm` of the PATH, or the one that `npm run e2e` has built. Without one these tests are skipped with a message.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { cacheDirectory } from '@wsi-operator/setup/shared-cache';
import { CHART } from './permissions.ts';

export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function findHelm(): string | undefined {
  const named = process.env['WSI_HELM'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...builtHelms()].map((folder) => join(folder, 'helm')).find(isExecutable);
}

/** Folders in the cache with a Helm, see tools/cluster/src/native/go-program.ts. */
function builtHelms(): string[] {
  const programs = join(cacheDirectory(process.env), 'kubernetes', 'programs');
  if (!existsSync(programs)) return [];
  const names = readdirSync(programs).filter((name) => name.startsWith('helm-'));
  return names.map((name) => join(programs, name));
}

/**
 * @param values of the chart, over the defaults
 * @param apis that the cluster has besides Kubernetes' own
 * @throws Error with Helm's message when the values are refused
 */
export function renderChart(helm: string, values: unknown, apis: readonly string[] = []): RenderedObject[] {
  return (loadAll(renderedText(helm, withImages(values), apis)) as (RenderedObject | null)[]).filter(
    (object) => object !== null,
  );
}

/** The values with the two that have no default. */
export function withImages(values: unknown): object {
  const { image, trainer, ...rest } = values as {
    readonly image?: object;
    readonly trainer?: { readonly image?: object };
  };
  const repository = (name: string): object => ({ repository: `registry.example.org/wsi-operator/${name}` });
  return {
    ...rest,
    image: { ...repository('operator'), ...image },
    trainer: { ...trainer, image: { ...repository('trainer'), ...trainer?.image } },
  };
}

/** @throws Error with Helm's message when the values are refused */
export function renderedText(helm: string, values: unknown, apis: readonly string[] = []): string {
  return execFileSync(
    helm,
    [
      ...['template', 'wsi-operator', CHART, '--namespace', 'wsi-system'],
      ...['--kube-version', '1.34.0', '--values', '-'],
      ...apis.flatMap((api) => ['--api-versions', api]),
    ],
    { input: JSON.stringify(values), encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 2 ** 26 },
  );
}
