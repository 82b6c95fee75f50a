// Original file: libraries/protocol/proto/training.proto

import type { SurveyTask__Input as _wsi_v1alpha1_SurveyTask__Input, SurveyTask as _wsi_v1alpha1_SurveyTask } from '../../wsi/v1alpha1/SurveyTask.ts';
import type { EmbedTask__Input as _wsi_v1alpha1_EmbedTask__Input, EmbedTask as _wsi_v1alpha1_EmbedTask } from '../../wsi/v1alpha1/EmbedTask.ts';
import type { GradientTask__Input as _wsi_v1alpha1_GradientTask__Input, GradientTask as _wsi_v1alpha1_GradientTask } from '../../wsi/v1alpha1/GradientTask.ts';
import type { Long } from '@grpc/proto-loader';

export interface Task__Input {
  'id'?: (string);
  'generation'?: (number | string | Long);
  'version'?: (number);
  'survey'?: (_wsi_v1alpha1_SurveyTask__Input | null);
  'embed'?: (_wsi_v1alpha1_EmbedTask__Input | null);
  'gradient'?: (_wsi_v1alpha1_GradientTask__Input | null);
  /**
   * With the average of the parameters at that version.
   */
  'averaged'?: (boolean);
  '_averaged'?: "averaged";
  'kind'?: "survey"|"embed"|"gradient";
}

export interface Task {
  'id': (string);
  'generation': (number);
  'version': (number);
  'survey'?: (_wsi_v1alpha1_SurveyTask | null);
  'embed'?: (_wsi_v1alpha1_EmbedTask | null);
  'gradient'?: (_wsi_v1alpha1_GradientTask | null);
  /**
   * With the average of the parameters at that version.
   */
  'averaged'?: (boolean);
}
