/** What a worker is given when it joins a generation of a run. */
import { parseQuantity, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Welcome } from '@wsi-operator/protocol';
import type { S3Store } from '@wsi-operator/slides';
import type { Model } from '../../plan/model.ts';
import type { TileSettings } from '../../tile-source/index.ts';

interface WelcomeOf {
  /** How the workers read tiles. */
  readonly tiles: TileSettings;
  readonly generation: number;
  readonly servers: Welcome['servers'];
  readonly store: Pick<S3Store, 'settings'>;
  readonly leaseMilliseconds: number;
}

export function welcomeOf(
  { training }: WsiTrainingJobSpec,
  { description, space }: Model,
  { tiles, generation, servers, store, leaseMilliseconds }: WelcomeOf,
): Welcome {
  return {
    generation,
    network: JSON.stringify(description.network),
    patches: JSON.stringify(tiles),
    batch: description.patches.batch,
    servers,
    bodyLength: space.bodyLength,
    threads: description.threads,
    store: JSON.stringify(store.settings),
    cacheBytes: parseQuantity(description.patches.cacheBytes),
    // Steps under way by staleness, an evaluation, and one that is being pulled.
    versions: training.staleness + 3,
    heartbeatMilliseconds: Math.min(2_000, Math.floor(leaseMilliseconds / 4)),
  };
}
