// Original file: libraries/protocol/proto/training.proto

import type { Workload__Input as _wsi_v1alpha1_Workload__Input, Workload as _wsi_v1alpha1_Workload } from '../../wsi/v1alpha1/Workload.ts';
import type { Observation__Input as _wsi_v1alpha1_Observation__Input, Observation as _wsi_v1alpha1_Observation } from '../../wsi/v1alpha1/Observation.ts';
import type { Window__Input as _wsi_v1alpha1_Window__Input, Window as _wsi_v1alpha1_Window } from '../../wsi/v1alpha1/Window.ts';
import type { WorkerMeasurement__Input as _wsi_v1alpha1_WorkerMeasurement__Input, WorkerMeasurement as _wsi_v1alpha1_WorkerMeasurement } from '../../wsi/v1alpha1/WorkerMeasurement.ts';
import type { RoleMemory__Input as _wsi_v1alpha1_RoleMemory__Input, RoleMemory as _wsi_v1alpha1_RoleMemory } from '../../wsi/v1alpha1/RoleMemory.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What the coordinator measured: counters and sums, no decision. Input of the autoscaler.
 */
export interface Measurement__Input {
  'workload'?: (_wsi_v1alpha1_Workload__Input | null);
  /**
   * What the workers compute on: cpu or gpu.
   */
  'device'?: (string);
  /**
   * One a size (workers, servers), windows of the same size joined, older ones fading; restored from checkpoints.
   */
  'observations'?: (_wsi_v1alpha1_Observation__Input)[];
  /**
   * The newest window that is closed; absent before the first.
   */
  'window'?: (_wsi_v1alpha1_Window__Input | null);
  /**
   * Those that are connected now.
   */
  'workers'?: (_wsi_v1alpha1_WorkerMeasurement__Input)[];
  /**
   * By role: coordinator, server, worker. The largest of the role's processes.
   */
  'memory'?: ({[key: string]: _wsi_v1alpha1_RoleMemory__Input});
  /**
   * Tiles of training and of evaluations that are not done yet.
   */
  'remainingTiles'?: (number | string | Long);
  /**
   * From a worker's hello to its first task's completion, mean of the newest; 0: not known.
   */
  'joinSeconds'?: (number | string);
}

/**
 * What the coordinator measured: counters and sums, no decision. Input of the autoscaler.
 */
export interface Measurement {
  'workload': (_wsi_v1alpha1_Workload | null);
  /**
   * What the workers compute on: cpu or gpu.
   */
  'device': (string);
  /**
   * One a size (workers, servers), windows of the same size joined, older ones fading; restored from checkpoints.
   */
  'observations': (_wsi_v1alpha1_Observation)[];
  /**
   * The newest window that is closed; absent before the first.
   */
  'window': (_wsi_v1alpha1_Window | null);
  /**
   * Those that are connected now.
   */
  'workers': (_wsi_v1alpha1_WorkerMeasurement)[];
  /**
   * By role: coordinator, server, worker. The largest of the role's processes.
   */
  'memory': ({[key: string]: _wsi_v1alpha1_RoleMemory});
  /**
   * Tiles of training and of evaluations that are not done yet.
   */
  'remainingTiles': (number);
  /**
   * From a worker's hello to its first task's completion, mean of the newest; 0: not known.
   */
  'joinSeconds': (number);
}
