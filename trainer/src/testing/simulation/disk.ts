/** The coordinator's output directory in memory: what is on it when a coordinator ends is what its successor finds. */
import type { CheckpointContent } from '../../checkpoint/checkpoint.ts';
import type { GenerationsParts } from '../../coordinator/run/generation-parts.ts';
import type { JournalStore } from '../../coordinator/run/journal.ts';
import type { SelectionStore } from '../../selection/selection-record.ts';
import { cutLines } from '../../coordinator/learning/metrics-log.ts';
import type { Life } from './clock.ts';
import type { SimulatedNetwork } from './network.ts';

export class SimulatedDisk {
  generation = 0;
  /** The journal that has the name; a coordinator that is taken for dead may hold another. */
  journal = { content: Buffer.alloc(0) };
  metrics = '';
  checkpoints: CheckpointContent[] = [];
  selection: string | undefined;

  /** @returns what a coordinator with this life does to the disk; it may end before and after each action */
  of(
    life: Life,
    network: SimulatedNetwork,
  ): Pick<GenerationsParts, 'metrics' | 'checkpoints' | 'numbers'> & {
    journal: JournalStore;
    selection: SelectionStore;
  } {
    const action = async <T>(effect: () => T): Promise<T> => {
      await network.boundary(life);
      const result = effect();
      await network.boundary(life);
      return result;
    };
    return {
      numbers: { next: () => action(() => ++this.generation) },
      journal: this.#journalOf(life, network, action),
      metrics: this.#metricsOf(action),
      selection: {
        read: () => action(() => this.selection),
        write: (text) =>
          action(() => {
            this.selection = text;
          }),
      },
      checkpoints: {
        load: (step) => action(() => loaded(this.checkpoints.find(({ cursor }) => cursor.step === step))!),
        newest: () => action(() => loaded(this.checkpoints.at(-1))),
        write: (content, keep, pinned) =>
          action(() => {
            const kept = this.checkpoints.filter(({ cursor }) => cursor.step < content.cursor.step);
            const all = [...kept, structuredClone(content)];
            this.checkpoints = all.filter(
              ({ cursor }, index) => index >= all.length - keep || cursor.step === pinned,
            );
            return '';
          }),
        sweep: () => Promise.resolve(),
        clear: () => Promise.resolve(),
        damage: [],
      },
    };
  }

  #journalOf(
    life: Life,
    network: SimulatedNetwork,
    action: <T>(effect: () => T) => Promise<T>,
  ): JournalStore {
    let file = this.journal;
    return {
      read: () => action(() => Buffer.from(this.journal.content)),
      replace: (content) =>
        action(() => {
          file = this.journal = { content: Buffer.from(content) };
        }),
      append: async (content) => {
        // A part of it may be all that is written.
        const part = Math.floor(content.length / 2);
        await network.boundary(life);
        file.content = Buffer.concat([file.content, content.subarray(0, part)]);
        await network.boundary(life);
        file.content = Buffer.concat([file.content, content.subarray(part)]);
      },
      sync: () => action(() => undefined),
    };
  }

  #metricsOf(action: <T>(effect: () => T) => Promise<T>): GenerationsParts['metrics'] {
    let evaluated = new Set<number>();
    return {
      cutBack: (step, known) =>
        action(() => {
          const cut = cutLines(this.metrics, step, known ?? []);
          evaluated = new Set(cut.evaluated);
          this.metrics = cut.lines.map((line) => `${line}\n`).join('');
        }),
      append: (line) =>
        action(() => {
          this.metrics += `${JSON.stringify(line)}\n`;
          if ('split' in line) evaluated.add(line.step);
        }),
      hasEvaluation: (version) => evaluated.has(version),
    };
  }
}

function loaded(content: CheckpointContent | undefined) {
  if (content === undefined) return undefined;
  const { cursor, tensors, state } = structuredClone(content);
  return {
    cursor: { ...cursor, format: 2 as const, files: {} },
    path: '',
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    state,
  };
}
