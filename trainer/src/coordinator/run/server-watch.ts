/** The watch over a generation's servers: the first that is lost, or about to stop, ends the generation. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { Watch } from './generation-states.ts';
import { ServerLeavingError } from './parameter-server.ts';
import type { ServerGroup } from './server-group.ts';

export class ServerWatch implements Watch {
  readonly signal: AbortSignal;
  readonly #ended = new AbortController();
  #lost: WsiError | undefined;

  /**
   * @param stop aborted when the run is to stop
   * @param actions `leaving`: a server says that it will stop, and waits for what this does; `lost`: it is gone
   */
  constructor(
    servers: Pick<ServerGroup, 'watch'>,
    stop: AbortSignal,
    actions: { leaving(): Promise<void>; lost(reason: WsiError): void },
  ) {
    this.signal = AbortSignal.any([stop, this.#ended.signal]);
    // Rejects when the watch ends or the run is to stop.
    this.#watch(servers, actions).catch(() => undefined);
  }

  get lost(): WsiError | undefined {
    return this.#lost;
  }

  end(): void {
    this.#ended.abort(new WsiError('Cancelled', publicText`the generation ended`));
  }

  async #watch(
    servers: Pick<ServerGroup, 'watch'>,
    actions: { leaving(): Promise<void>; lost(reason: WsiError): void },
  ): Promise<void> {
    const lost = await servers.watch(this.signal);
    if (lost instanceof ServerLeavingError) await actions.leaving();
    // The generation ended meanwhile, for another reason: the next one has a watch of its own.
    if (this.#ended.signal.aborted) return;
    this.#lost = lost;
    this.#ended.abort(lost);
    actions.lost(lost);
  }
}
