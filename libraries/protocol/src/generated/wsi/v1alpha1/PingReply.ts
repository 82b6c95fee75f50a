// Original file: libraries/protocol/proto/training.proto

import type { Usage__Input as _wsi_v1alpha1_Usage__Input, Usage as _wsi_v1alpha1_Usage } from '../../wsi/v1alpha1/Usage.ts';
import type { Long } from '@grpc/proto-loader';

export interface PingReply__Input {
  'instance'?: (string);
  /**
   * 0 when this server was never configured.
   */
  'generation'?: (number | string | Long);
  'usage'?: (_wsi_v1alpha1_Usage__Input | null);
  'newestVersion'?: (number);
  /**
   * It was asked to stop, and waits a while for its state to be saved.
   */
  'leaving'?: (boolean);
}

export interface PingReply {
  'instance': (string);
  /**
   * 0 when this server was never configured.
   */
  'generation': (number);
  'usage': (_wsi_v1alpha1_Usage | null);
  'newestVersion': (number);
  /**
   * It was asked to stop, and waits a while for its state to be saved.
   */
  'leaving': (boolean);
}
