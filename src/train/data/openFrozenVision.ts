import type { RunRecord } from '../../run/record/runRecord';
import { formatBytes } from '../../util/formatBytes';
import { localize } from '../../util/localize';
import type { TrainingPlan } from '../plan';
import type { NlvrPrograms } from '../programs';
import { FeatureCache, featureFolder } from './featureCache';
import { FrozenVision } from './frozenVision';

export interface FrozenVisionOptions {
  /** The run, which gets a note about the size of the cache. */
  writer: RunRecord;
  plan: TrainingPlan;
  /** Maximum size of the cache in GB (`feature_cache`). */
  maxGigabytes: number;
  /** Bytes of one image's pixels. */
  imageBytes: number;
  /** Whether this is rank 0. */
  isMain: boolean;
}

/** Opens the feature cache of a training with a frozen vision transformer, and notes how much of the data it holds. */
export function openFrozenVision(
  programs: NlvrPrograms,
  { writer, plan, maxGigabytes, imageBytes, isMain }: FrozenVisionOptions,
): FrozenVision {
  const [tokens, width] = programs.featureShape;
  const limit = maxGigabytes * 1e9;
  const cache = new FeatureCache(featureFolder(writer, isMain), tokens * width, limit);
  const images = new Set(
    plan.stages.flatMap(({ dataset }) => dataset.examples.flatMap((example) => example.images)),
  );
  const needed = images.size * cache.rowBytes;
  writer.note(
    'info',
    'feature-cache',
    limit === 0
      ? localize(
          'Features of {0} images take {1} of disk space. None are stored; all images are encoded in each epoch.',
          images.size,
          formatBytes(needed),
        )
      : needed > limit
        ? localize(
            'Features of {0} images take {1} of disk space. {2} of them are stored; the rest are encoded in each epoch.',
            images.size,
            formatBytes(needed),
            formatBytes(limit),
          )
        : localize(
            'Features of {0} images take {1} of disk space during the run.',
            images.size,
            formatBytes(needed),
          ),
    ...(needed > limit ? [localize('Raise feature_cache to store more.')] : []),
  );
  return new FrozenVision(programs, cache, imageBytes);
}
