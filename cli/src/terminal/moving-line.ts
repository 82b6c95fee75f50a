/** How far something is: a line that is rewritten on a terminal, and one every quarter of a minute elsewhere. */
import type { Clock } from '@wsi-operator/foundation';
import { ownSequence, printable } from './printable.ts';
import type { TextStream } from './streams.ts';

const LINE_MILLISECONDS = 15_000;

export class MovingLine {
  readonly #stream: TextStream;
  readonly #clock: Clock;
  readonly #redrawMilliseconds: number;
  #shownAt: number;
  #isDrawn = false;

  /** @param redrawMilliseconds between two states on a terminal */
  constructor(stream: TextStream, clock: Clock, redrawMilliseconds: number) {
    this.#stream = stream;
    this.#clock = clock;
    this.#redrawMilliseconds = redrawMilliseconds;
    this.#shownAt = clock.monotonic();
  }

  /** @param text is asked for when it is time to show it */
  show(text: () => string): void {
    const now = this.#clock.monotonic();
    const { isTTY, columns } = this.#stream;
    if (now - this.#shownAt < (isTTY ? this.#redrawMilliseconds : LINE_MILLISECONDS)) return;
    this.#shownAt = now;
    if (isTTY) {
      const shown = printable(text()).slice(0, (columns || 80) - 1);
      this.#stream.write(`${ownSequence('\r')}${shown}${ownSequence('\u001b[K')}`);
    } else this.#stream.write(`${text()}\n`);
    this.#isDrawn = isTTY;
  }

  /** Before something else is written. */
  clear(): void {
    if (this.#isDrawn) this.#stream.write(ownSequence('\r\u001b[K'));
    this.#isDrawn = false;
  }

  /** The next line comes as long after this moment as the first one after the beginning. */
  restart(): void {
    this.#shownAt = this.#clock.monotonic();
  }
}
