/** How far a prediction is, as a line that moves. */
import { formatDuration } from '@wsi-operator/api';
import type { Clock } from '@wsi-operator/foundation';
import { formatRate } from '../progress/view.ts';
import { MovingLine } from '../terminal/moving-line.ts';
import type { TextStream } from '../terminal/streams.ts';

const REDRAW_MILLISECONDS = 200;

export interface PredictionCounts {
  readonly bags: number;
  readonly done: number;
  readonly failed: number;
  readonly tiles: number;
  /** Of the bags that are done. */
  readonly tilesDone: number;
  readonly seconds: number;
}

/** `12/40 done, 1 failed, 5310 tiles, 120 tiles/s, ETA 2m` */
export function progressText({ bags, done, failed, tiles, tilesDone, seconds }: PredictionCounts): string {
  const rate = seconds > 0 ? tiles / seconds : 0;
  // The bags that are left are taken to be as large as those that are done.
  const left = (bags - done) * (done > 0 ? tilesDone / done : 0) - (tiles - tilesDone);
  const eta = rate > 0 && done > 0 && done < bags ? [`ETA ${formatDuration(Math.max(1, left / rate))}`] : [];
  return [
    `${done}/${bags} done`,
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'slide' : 'slides'} failed`] : []),
    `${tiles} tiles`,
    ...(rate > 0 ? [`${formatRate(rate)} tiles/s`] : []),
    ...eta,
  ].join(', ');
}

export class PredictionProgress {
  readonly #line: MovingLine;
  readonly #clock: Clock;
  readonly #bags: number;
  readonly #started: number;
  #done = 0;
  #failed = 0;
  #tiles = 0;
  #tilesDone = 0;

  constructor(bags: number, stream: TextStream, clock: Clock) {
    this.#bags = bags;
    this.#line = new MovingLine(stream, clock, REDRAW_MILLISECONDS);
    this.#clock = clock;
    this.#started = clock.monotonic();
  }

  addTiles(tiles: number): void {
    this.#tiles += tiles;
    this.#show();
  }

  bagDone(tiles: number, failures: number): void {
    this.#done += 1;
    this.#tilesDone += tiles;
    this.#failed += failures;
    this.#show();
  }

  /** Before something else is written. */
  clear(): void {
    this.#line.clear();
  }

  #show(): void {
    this.#line.show(() =>
      progressText({
        bags: this.#bags,
        done: this.#done,
        failed: this.#failed,
        tiles: this.#tiles,
        tilesDone: this.#tilesDone,
        seconds: (this.#clock.monotonic() - this.#started) / 1000,
      }),
    );
  }
}
