// Original file: libraries/protocol/proto/training.proto

import type { ServerRange__Input as _wsi_v1alpha1_ServerRange__Input, ServerRange as _wsi_v1alpha1_ServerRange } from '../../wsi/v1alpha1/ServerRange.ts';
import type { Long } from '@grpc/proto-loader';

export interface Welcome__Input {
  'generation'?: (number | string | Long);
  /**
   * The network that the engine builds, as JSON (engine's `Network`).
   */
  'network'?: (string);
  /**
   * How tiles are read, as JSON: patches (size, level or mpp, stride, tissue), or of which kind the features are.
   */
  'patches'?: (string);
  'batch'?: (number);
  'servers'?: (_wsi_v1alpha1_ServerRange__Input)[];
  /**
   * Leading parameters that the workers use (encoder and aggregator); the head's follow.
   */
  'bodyLength'?: (number);
  'threads'?: (number);
  'cacheBytes'?: (number | string | Long);
  'heartbeatMilliseconds'?: (number);
  /**
   * Versions of the parameters that are in use at once: a worker keeps so many.
   */
  'versions'?: (number);
  /**
   * Where s3:// addresses of slides lead, as JSON (endpoint, region, forcePathStyle); empty: as the environment says.
   */
  'store'?: (string);
}

export interface Welcome {
  'generation': (number);
  /**
   * The network that the engine builds, as JSON (engine's `Network`).
   */
  'network': (string);
  /**
   * How tiles are read, as JSON: patches (size, level or mpp, stride, tissue), or of which kind the features are.
   */
  'patches': (string);
  'batch': (number);
  'servers': (_wsi_v1alpha1_ServerRange)[];
  /**
   * Leading parameters that the workers use (encoder and aggregator); the head's follow.
   */
  'bodyLength': (number);
  'threads': (number);
  'cacheBytes': (number);
  'heartbeatMilliseconds': (number);
  /**
   * Versions of the parameters that are in use at once: a worker keeps so many.
   */
  'versions': (number);
  /**
   * Where s3:// addresses of slides lead, as JSON (endpoint, region, forcePathStyle); empty: as the environment says.
   */
  'store': (string);
}
