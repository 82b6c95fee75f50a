/** What a block's shards add up to: its partial aggregate, and the tiles' numbers where they are asked for. */
import type { Embedded } from '@wsi-operator/engine';
import { bytesOf, type EmbedResult, type EmbedTask } from '@wsi-operator/protocol';
import { mergePartials, partialOf, type Partial } from './partial.ts';
import { reduceTree } from './tree.ts';

export class EmbeddedParts {
  readonly #asked: Pick<EmbedTask, 'attention' | 'gather'>;
  readonly #partials: Partial[] = [];
  readonly #attentions: Float32Array[] = [];
  readonly #embeddings: Float32Array[] = [];

  constructor(asked: Pick<EmbedTask, 'attention' | 'gather'>) {
    this.#asked = asked;
  }

  /** The next shard of the block, in order. */
  add({ attention, embeddings }: Embedded): void {
    this.#partials.push(partialOf(attention, embeddings));
    if (this.#asked.attention) this.#attentions.push(attention);
    if (this.#asked.gather) this.#embeddings.push(embeddings);
  }

  result(): EmbedResult {
    const { maximum, sum, weighted } = reduceTree(this.#partials, mergePartials);
    return {
      maximum,
      sum,
      weighted: bytesOf(weighted),
      attention: Buffer.concat(this.#attentions.map(bytesOf)),
      embeddings: Buffer.concat(this.#embeddings.map(bytesOf)),
    };
  }
}
