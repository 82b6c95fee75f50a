/** The models of the jobs at hand, and those of earlier jobs by shape. Every policy that needs a model has this one. */
import { fitModel, shapeKey, type PerformanceModel } from '../../model/performance-model.ts';
import { throughputTable } from '../../model/throughput.ts';
import type { JobView } from '../policy.ts';

/** A fit is made again when a size was not seen before, or so much more was measured. */
const MORE = 1.3;

interface Known {
  readonly sizes: number;
  readonly seconds: number;
  readonly model: PerformanceModel | undefined;
  readonly table: Float64Array;
}

export class ModelStore {
  readonly #known = new Map<string, Known>();
  readonly #earlier = new Map<string, PerformanceModel>();

  modelOf(job: JobView): PerformanceModel | undefined {
    return this.#knownOf(job).model;
  }

  /** Predicted tiles a second at 0, 1, ... workers; one worker of unknown speed when nothing is known. */
  tableOf(job: JobView): Float64Array {
    return this.#knownOf(job).table;
  }

  finished(job: JobView): void {
    const { model } = this.#knownOf(job);
    this.#known.delete(job.id);
    if (model === undefined || job.observations.length === 0) return;
    this.#earlier.set(shapeKey(job.shape), model);
    this.#earlier.set(job.shape.encoder, model);
  }

  #knownOf(job: JobView): Known {
    const known = this.#known.get(job.id);
    const sizes = job.observations.length;
    const seconds = job.observations.reduce((sum, observation) => sum + observation.seconds, 0);
    // Of a size that is measured for long, one window more says little.
    const fresh = known !== undefined && known.sizes === sizes && seconds < known.seconds * MORE;
    if (fresh && (sizes > 0 || known.model !== undefined)) return known;
    const model = this.#fit(job);
    const most = Math.min(job.maximumWorkers, job.workload.blocksPerStep);
    const table = model ? throughputTable(model.throughput, most, job.servers) : Float64Array.of(0, 1e-3);
    const next = { sizes, seconds: Math.max(seconds, 1), model, table };
    this.#known.set(job.id, next);
    return next;
  }

  #fit(job: JobView): PerformanceModel | undefined {
    const earlier = this.#earlier.get(shapeKey(job.shape)) ?? this.#earlier.get(job.shape.encoder);
    return fitModel({
      shape: job.shape,
      workload: job.workload,
      observations: job.observations,
      ...(earlier === undefined ? {} : { earlier }),
    });
  }
}
