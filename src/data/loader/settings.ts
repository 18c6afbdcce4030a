import type { Config } from '../../config/definition';

/** Settings of the transforms of images and sentences. */
export interface PipelineSettings {
  /** Side of the square that images are resized to, in pixels. */
  imageSize: number;
  /** Random resized crop, flip and RandAugment in training. */
  augment: boolean;
  /** Swap the two images, and the words "left" and "right", in half of the training examples. */
  swapImages: boolean;
  /** Maximum number of words of a sentence. */
  maxWords: number;
  /** Maximum input of the text encoder, in tokens. */
  maxTokens: number;
  /** Seed of order and augmentation. */
  seed: number;
}

/** Returns the settings of a configuration. With `freeze_vit`, images are encoded once and therefore not augmented. */
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
