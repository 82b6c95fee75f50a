/**
 * How far the picture of a slide is: a line that is rewritten on a terminal, and one now and then elsewhere. It is for
 * slides without smaller levels, of which every tile is read; of others nothing is seen of it.
 */
import { basename } from 'node:path';
import { formatDuration } from '@wsi-operator/api';
import type { Clock } from '@wsi-operator/foundation';
import { MovingLine } from '../terminal/moving-line.ts';
import type { TextStream } from '../terminal/streams.ts';

const REDRAW_MILLISECONDS = 1000;

/** `big.tif: 37 % of its pixels read, about 2m left` */
export function readingText(slide: string, fraction: number, seconds: number): string {
  const left = (seconds / fraction) * (1 - fraction);
  return `${basename(slide)}: ${Math.floor(fraction * 100)} % of its pixels read, about ${formatDuration(Math.max(1, left))} left`;
}

export class ReadingProgress {
  readonly #slide: string;
  readonly #clock: Clock;
  readonly #line: MovingLine;
  #started: number;

  constructor(slide: string, stream: TextStream, clock: Clock) {
    this.#slide = slide;
    this.#clock = clock;
    this.#line = new MovingLine(stream, clock, REDRAW_MILLISECONDS);
    this.#started = clock.monotonic();
  }

  readonly onPart = (fraction: number): void => {
    if (fraction >= 1) return;
    const seconds = (this.#clock.monotonic() - this.#started) / 1000;
    this.#line.show(() => readingText(this.#slide, fraction, seconds));
  };

  /** Before something else is written, or another picture is read. */
  readonly clear = (): void => {
    this.#line.clear();
    this.#line.restart();
    this.#started = this.#clock.monotonic();
  };
}
