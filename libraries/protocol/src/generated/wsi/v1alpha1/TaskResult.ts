// Original file: libraries/protocol/proto/training.proto

import type { SurveyResult__Input as _wsi_v1alpha1_SurveyResult__Input, SurveyResult as _wsi_v1alpha1_SurveyResult } from '../../wsi/v1alpha1/SurveyResult.ts';
import type { EmbedResult__Input as _wsi_v1alpha1_EmbedResult__Input, EmbedResult as _wsi_v1alpha1_EmbedResult } from '../../wsi/v1alpha1/EmbedResult.ts';
import type { Empty__Input as _wsi_v1alpha1_Empty__Input, Empty as _wsi_v1alpha1_Empty } from '../../wsi/v1alpha1/Empty.ts';

export interface TaskResult__Input {
  'survey'?: (_wsi_v1alpha1_SurveyResult__Input | null);
  'embed'?: (_wsi_v1alpha1_EmbedResult__Input | null);
  'gradient'?: (_wsi_v1alpha1_Empty__Input | null);
  'result'?: "survey"|"embed"|"gradient";
}

export interface TaskResult {
  'survey'?: (_wsi_v1alpha1_SurveyResult | null);
  'embed'?: (_wsi_v1alpha1_EmbedResult | null);
  'gradient'?: (_wsi_v1alpha1_Empty | null);
}
