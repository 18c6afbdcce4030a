import type { Config } from '../../config/definition';

/** What the loader does to images and sentences. */
export interface PipelineSettings {
  /** Side of the square that images are resized to, in pixels. */
  imageSize: number;
  /** Random resized crop, flip and RandAugment in training. */
  augment: boolean;
  /** Exchange of the two images, and of "left" and "right", for half of the training examples. */
  swapImages: boolean;
  /** Words of a sentence that are kept. */
  maxWords: number;
  /** Longest input of the text encoder, in tokens. */
  maxTokens: number;
  /** Seed of order and augmentation. */
  seed: number;
}

/** The settings of a configuration. With `freeze_vit` images are not augmented: each is encoded once. */
export function pipelineSettings(config: Config, maxTokens = 512): PipelineSettings {
  return {
    imageSize: config.image_size,
    augment: config.augment && !config.freeze_vit,
    swapImages: config.swap_images,
    maxWords: config.max_words,
    maxTokens,
    seed: config.seed,
  };
}
