/** How many of something are under way, all and by address: nobody is to take all that there is room for. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  /** Of all addresses. */
  get all(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  enter(address: string): void {
    this.#counts.set(address, this.of(address) + 1);
  }

  leave(address: string): void {
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
