/** The thread with HDF5, started when it is needed and replaced after a fault: what is in its memory then is not trusted. */
import { Worker } from 'node:worker_threads';
import { ownText, publicText, WsiError, type PublicText } from '@wsi-operator/foundation';
import { READY, type FeatureAnswer, type FeatureAnswers, type FeatureCall } from './protocol.ts';

interface Pending {
  readonly worker: Worker;
  resolve(result: FeatureAnswer['result']): void;
  reject(error: WsiError): void;
  /** The thread has read or written a part. */
  goesOn(): void;
}

const THREAD = new URL('./main.ts', import.meta.url);

/** For one part of a file, on the slowest storage. A damaged file can lead the library in circles. */
const PATIENCE_MS = 300_000;

export class Hdf5Thread {
  readonly #pending = new Map<number, Pending>();
  readonly #patienceMs: number;
  #worker: Worker | undefined;
  /** The one that has loaded HDF5. */
  #ready: Worker | undefined;
  #nextId = READY + 1;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param patienceMs milliseconds for a part of a file */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** One call after the other: a fault ends the call that made it, and no other. */
  call<Kind extends FeatureCall['kind']>(
    call: Extract<FeatureCall, { readonly kind: Kind }>,
  ): Promise<FeatureAnswers[Kind]> {
    const answer = this.#turn.then(() => this.#call(call));
    this.#turn = answer.catch(() => undefined);
    return answer as Promise<FeatureAnswers[Kind]>;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#end();
  }

  async #call(call: FeatureCall): Promise<FeatureAnswer['result']> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    const where = 'path' in call ? call.path : undefined;
    const stuck = (): void => {
      this.#pending.get(id)?.reject(failed(publicText`HDF5 does not come to an end with the file`, where));
      this.#end().catch(() => undefined);
    };
    // The start of the thread is not the file's fault: time counts from its first word.
    let timer: NodeJS.Timeout | undefined;
    // Only a call that is waited for keeps the process alive.
    worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        const goesOn = (): void => {
          clearTimeout(timer);
          timer = setTimeout(stuck, this.#patienceMs);
        };
        this.#pending.set(id, { worker, resolve, reject, goesOn });
        if (this.#ready === worker) goesOn();
        worker.postMessage({ id, call });
      });
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
      worker.unref();
    }
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { name: 'wsi-features' });
    worker.unref();
    worker.on('message', ({ id, result, error }: FeatureAnswer) => {
      this.#ready = worker;
      if (id === READY) {
        for (const pending of this.#pending.values()) pending.goesOn();
        return;
      }
      const pending = this.#pending.get(id);
      if (error?.isFault === true) this.#end().catch(() => undefined);
      if (error !== undefined) pending?.reject(revived(error));
      else if (result === undefined) pending?.goesOn();
      else pending?.resolve(result);
    });
    const ended = (): void => {
      for (const pending of this.#pending.values())
        if (pending.worker === worker)
          pending.reject(failed(publicText`a file of features ends the library that reads it`));
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on('error', ended);
    worker.on('exit', ended);
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function failed(problem: PublicText, where?: string): WsiError {
  return new WsiError('SlideUnreadable', problem, {
    ...(where === undefined ? {} : { where }),
    remedy: publicText`Extract the slide's features again, or take it out of the table.`,
  });
}

function revived({ code, problem, where, remedy, shown }: NonNullable<FeatureAnswer['error']>): WsiError {
  return new WsiError(code, problem, {
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
    summary: ownText(shown),
  });
}
