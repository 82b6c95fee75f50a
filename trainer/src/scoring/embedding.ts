/** Pass 1: embeds bags on the workers, into partial aggregates or (the gathered path) all tile embeddings. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { float32From, float64From, type EmbedResult } from '@wsi-operator/protocol';
import type { TaskPool } from './task-pool.ts';
import { bagOf } from '../aggregate/partial.ts';
import type { EmbeddedBag } from '../aggregators/index.ts';
import { augmented, type BagAugmentation, type PlannedBag } from '../plan/bags.ts';

export interface EmbedOptions {
  readonly pool: TaskPool;
  /** Unique in the generation, e.g. `step/12`. */
  readonly name: string;
  readonly version: number;
  /** With the average of the parameters instead. */
  readonly averaged?: boolean;
  readonly priority: number;
  readonly gather: boolean;
  readonly attention: boolean;
  readonly augmentation: BagAugmentation;
}

export async function embedBag(
  bag: Pick<PlannedBag, 'blocks'>,
  bagIndex: number,
  options: EmbedOptions,
): Promise<EmbeddedBag> {
  const { pool, name, version, averaged = false, priority, gather, attention, augmentation } = options;
  const results = await Promise.all(
    bag.blocks.map(async ({ block, affinity }, index) => {
      const result = await pool.run(
        {
          id: `${name}/embed/${bagIndex}/${index}`,
          version,
          ...(averaged ? { averaged } : {}),
          embed: { block: augmented(block, augmentation), attention, gather },
        },
        { priority, affinity, subject: block.slide },
      );
      if (result.embed === undefined)
        throw new WsiError('Internal', publicText`an embed task returned something else`);
      return result.embed;
    }),
  );
  return {
    ...bagOf(
      results.map(({ maximum, sum, weighted }) => ({ maximum, sum, weighted: float64From(weighted) })),
    ),
    attention: joined(results, 'attention'),
    embeddings: joined(results, 'embeddings'),
  };
}

function joined(results: readonly EmbedResult[], field: 'attention' | 'embeddings'): Float32Array {
  return float32From(Buffer.concat(results.map((result) => result[field])));
}
