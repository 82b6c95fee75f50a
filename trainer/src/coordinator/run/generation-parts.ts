/** What the generations of a run work with: the run as it is planned, and the parts of the coordinator that they use. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import type { Clock, Logger } from '@wsi-operator/foundation';
import type { Welcome } from '@wsi-operator/protocol';
import type { CheckpointDirectory } from '../../checkpoint/checkpoint.ts';
import type { InitialParameters } from '../../initial/initial-parameters.ts';
import type { RunMeasurement } from '../../measurement/run-measurement.ts';
import type { Model } from '../../plan/model.ts';
import type { PlannedRun } from '../../plan/plan-run.ts';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';
import type { SlideFiles } from '../../slide-files/slide-files.ts';
import type { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';
import type { UsageMeter } from '../../usage.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';
import type { MetricsLog } from '../learning/metrics-log.ts';
import type { Quarantine } from '../survey/quarantine.ts';
import type { GenerationFile } from './generation.ts';
import type { Journal } from './journal.ts';
import type { Progress } from './progress.ts';
import type { SelectionRecord } from '../../selection/selection-record.ts';
import type { ServerGroup } from './server-group.ts';

/** A run whose slides are surveyed and whose steps are planned. */
export interface Prepared extends PlannedRun {
  /** As the table has it. */
  readonly cohort: Cohort;
  /** What was assumed of it. */
  readonly notes: readonly string[];
  readonly surveyed: ReadonlyMap<string, SurveyedSlide>;
  readonly quarantine: Quarantine;
  readonly model: Model;
  readonly initial: InitialParameters;
  readonly servers: ServerGroup;
}

export interface GenerationsParts {
  readonly job: WsiTrainingJob;
  readonly pool: WorkerPool;
  readonly progress: Progress;
  readonly usage: UsageMeter;
  readonly measurement: RunMeasurement;
  readonly metrics: Pick<MetricsLog, 'cutBack' | 'append' | 'hasEvaluation'>;
  readonly checkpoints: Pick<CheckpointDirectory, 'newest' | 'load' | 'write' | 'sweep' | 'clear' | 'damage'>;
  readonly numbers: Pick<GenerationFile, 'next'>;
  readonly journal: Journal;
  readonly files: Pick<SlideFiles, 'requireUnchanged'>;
  readonly clock: Clock;
  readonly logger: Logger;
  welcome(model: Model, servers: Welcome['servers']): Welcome;
  /** The choice of an epoch; undefined where the last one is kept. */
  readonly selection: SelectionRecord | undefined;
  /** Takes the result of fewer epochs out of the way, once it is known that this run goes on from there. */
  setResultAside(): Promise<void>;
  /** Predictions and result at a version that the servers hold. */
  evaluate(prepared: Prepared, version: number): Promise<void>;
  /** The run without a slide that turned out to be damaged. @throws WsiError when it has to fail for that slide */
  withoutSlide(prepared: Prepared, error: UnreadableSlideError): Promise<Prepared>;
}
