/** Open slides by path (and what is stated of them): a bounded number stays open, the least recently used are closed first. */
import { WsiError } from '@wsi-operator/foundation';
import type { Slide } from './slide.ts';

interface Member {
  readonly slide: Promise<Slide>;
  users: number;
}

export class SlidePool {
  readonly #maximum: number;
  /** In order of last use. */
  readonly #members = new Map<string, Member>();
  readonly #closing = new Set<Promise<void>>();

  /** @param maximum slides that stay open when nobody uses them; those in use are never closed */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Runs `work` with the slide, opening it if need be. One that fails to open is tried again the next time. */
  async use<T>(path: string, open: () => Promise<Slide>, work: (slide: Slide) => Promise<T>): Promise<T> {
    const member = this.#members.get(path) ?? { slide: this.#openWithRoom(open), users: 0 };
    member.users++;
    this.#members.delete(path);
    this.#members.set(path, member);
    try {
      const slide = await member.slide.catch((error: unknown) => {
        if (this.#members.get(path) === member) this.#members.delete(path);
        throw error;
      });
      return await work(slide);
    } finally {
      member.users--;
      this.#closeSurplus(this.#maximum);
    }
  }

  /** Copies of open slides take room on disk: those that nobody uses make way. */
  #openWithRoom(open: () => Promise<Slide>): Promise<Slide> {
    return open().catch(async (error: unknown) => {
      if (!(error instanceof WsiError) || error.code !== 'StorageFailed') throw error;
      this.#closeSurplus(0);
      if (this.#closing.size === 0) throw error;
      await Promise.allSettled(this.#closing);
      return open();
    });
  }

  /** Waits for what is under way and closes all. */
  async close(): Promise<void> {
    this.#closeSurplus(0);
    await Promise.allSettled(this.#closing);
  }

  #closeSurplus(maximum: number): void {
    for (const [path, member] of this.#members) {
      if (this.#members.size <= maximum) return;
      if (member.users > 0) continue;
      this.#members.delete(path);
      const closing = member.slide.then((slide) => slide.close()).catch(() => undefined);
      this.#closing.add(closing);
      void closing.finally(() => this.#closing.delete(closing));
    }
  }
}
