/** What a run says once, when it has been measured: how many tiles there are, and how long it will take. */
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { tilesLine } from '../understood.ts';
import { leftOutOf } from './left-out.ts';
import { formatRate } from './view.ts';

export class MeasuredLines {
  #tilesTold = false;
  #timeTold = false;
  #leftOutTold = '';
  readonly #slides: () => number;

  /** @param slides of the whole cohort */
  constructor(slides: () => number) {
    this.#slides = slides;
  }

  linesOf(status: WsiTrainingJobStatus): string[] {
    return [...this.#leftOutLines(status), ...this.#tilesLines(status), ...this.#timeLines(status)];
  }

  /** With the reasons: the lines that move have the number alone. */
  #leftOutLines(status: WsiTrainingJobStatus): string[] {
    const { text = '' } = leftOutOf(status) ?? {};
    if (text === '' || text === this.#leftOutTold) return [];
    this.#leftOutTold = text;
    return [text];
  }

  #tilesLines(status: WsiTrainingJobStatus): string[] {
    const { slides = 0, surveyedSlides = 0, surveyedTiles = 0 } = status.progress ?? {};
    if (this.#tilesTold || slides === 0 || surveyedSlides < slides) return [];
    // Once a run is stopping, its numbers are old, and its faults are no longer reported.
    if (status.phase !== 'Running') return [];
    // What cannot be used is known once the survey is over.
    if (/^surveying\b/.test(status.message ?? '')) return [];
    this.#tilesTold = true;
    return [tilesLine(this.#slides(), surveyedTiles, leftOutOf(status)?.slides ?? 0)];
  }

  #timeLines({ progress: { eta } = {}, throughput }: WsiTrainingJobStatus): string[] {
    if (this.#timeTold || eta === undefined) return [];
    this.#timeTold = true;
    return [
      `Time       about ${eta} at ${formatRate(throughput?.tilesPerSecond ?? 0)} tiles/s, if nothing changes`,
    ];
  }
}
