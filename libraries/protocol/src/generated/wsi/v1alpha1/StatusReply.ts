// Original file: libraries/protocol/proto/training.proto

import type { Measurement__Input as _wsi_v1alpha1_Measurement__Input, Measurement as _wsi_v1alpha1_Measurement } from '../../wsi/v1alpha1/Measurement.ts';
import type { Long } from '@grpc/proto-loader';

export interface StatusReply__Input {
  /**
   * waiting, surveying, training, evaluating, finished, stopping, failed
   */
  'phase'?: (string);
  'step'?: (number);
  'steps'?: (number);
  'epoch'?: (number);
  'epochs'?: (number);
  'tiles'?: (number | string | Long);
  'tilesPerSecond'?: (number | string);
  'etaSeconds'?: (number | string);
  'metrics'?: ({[key: string]: number | string});
  'parametersSha256'?: (string);
  'checkpointStep'?: (number);
  'peakMemoryBytes'?: ({[key: string]: number | string | Long});
  'workersConnected'?: (number);
  'serversConnected'?: (number);
  'message'?: (string);
  /**
   * Share of the present phase that is done, 0 to 1.
   */
  'fraction'?: (number | string);
  'phaseSeconds'?: ({[key: string]: number | string});
  'generation'?: (number | string | Long);
  'elapsedSeconds'?: (number | string);
  /**
   * Absent until the first step is done.
   */
  'measurement'?: (_wsi_v1alpha1_Measurement__Input | null);
  /**
   * Tiles of the step under way, and how many of them are done.
   */
  'stepTiles'?: (number | string | Long);
  'stepTilesDone'?: (number | string | Long);
  /**
   * Of the survey: slides that are done, slides in all, tiles on those that are done.
   */
  'surveyedSlides'?: (number);
  'slides'?: (number);
  'surveyedTiles'?: (number | string | Long);
}

export interface StatusReply {
  /**
   * waiting, surveying, training, evaluating, finished, stopping, failed
   */
  'phase': (string);
  'step': (number);
  'steps': (number);
  'epoch': (number);
  'epochs': (number);
  'tiles': (number);
  'tilesPerSecond': (number);
  'etaSeconds': (number);
  'metrics': ({[key: string]: number});
  'parametersSha256': (string);
  'checkpointStep': (number);
  'peakMemoryBytes': ({[key: string]: number});
  'workersConnected': (number);
  'serversConnected': (number);
  'message': (string);
  /**
   * Share of the present phase that is done, 0 to 1.
   */
  'fraction': (number);
  'phaseSeconds': ({[key: string]: number});
  'generation': (number);
  'elapsedSeconds': (number);
  /**
   * Absent until the first step is done.
   */
  'measurement': (_wsi_v1alpha1_Measurement | null);
  /**
   * Tiles of the step under way, and how many of them are done.
   */
  'stepTiles': (number);
  'stepTilesDone': (number);
  /**
   * Of the survey: slides that are done, slides in all, tiles on those that are done.
   */
  'surveyedSlides': (number);
  'slides': (number);
  'surveyedTiles': (number);
}
