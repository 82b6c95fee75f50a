/**
 * Who undoes the operator's writes? An object that has to be brought to the very same content again and again is changed or
 * deleted by somebody else each time. Each repair is right, so that nothing fails and nobody would hear of it.
 */
import { canonicalJson, sha256, type Clock } from '@wsi-operator/foundation';

const WINDOW_MILLISECONDS = 3_600_000;
/** So many repairs within the window are no accident. */
const MOST_REPAIRS = 3;

interface Written {
  /** Such as `ConfigMap lung-job`. */
  readonly name: string;
  readonly digest: string;
  /** Monotonic milliseconds. */
  readonly repairs: readonly number[];
}

export class Contests {
  readonly #clock: Clock;
  /** By job and object. */
  readonly #written = new Map<string, Map<string, Written>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The object has this content now, which it was to have. */
  written(owner: string, id: string, name: string, content: unknown): void {
    const objects = this.#written.get(owner) ?? new Map<string, Written>();
    this.#written.set(owner, objects);
    const digest = sha256(canonicalJson(content));
    const before = objects.get(id);
    const now = this.#clock.monotonic();
    const repairs =
      before?.digest === digest ? [...before.repairs, now].slice(-MOST_REPAIRS) : (before?.repairs ?? []);
    objects.set(id, { name, digest, repairs });
  }

  /** The operator itself removes it. */
  removed(owner: string, id: string): void {
    this.#written.get(owner)?.delete(id);
  }

  /** Names of objects that were put right several times within the last hour. */
  list(owner: string): string[] {
    const start = this.#clock.monotonic() - WINDOW_MILLISECONDS;
    return [...(this.#written.get(owner)?.values() ?? [])]
      .filter(({ repairs }) => repairs.filter((time) => time > start).length >= MOST_REPAIRS)
      .map(({ name }) => name)
      .sort();
  }

  forget(owner: string): void {
    this.#written.delete(owner);
  }
}
