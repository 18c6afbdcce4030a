/** What follows from a configuration: the side of the form. The trainer counts with the same functions. */
import { stat } from 'node:fs/promises';
import type { Config } from '../../config/definition';
import { configPaths } from '../../config/paths';
import { scheduleCorners, stepsPerEpoch } from '../../config/schedule';
import { readModelConfig } from '../../model/config';
import { modelSize, totalMemory } from '../../model/size';
import { say } from '../../util/phrase';
import { wordsOf } from '../../util/userError';
import type { Insights } from '../../webview/config/messages';
import { countExamples } from './exampleCount';
import type { Translate } from './fixes';

/** Remembers the counts of annotation files as long as these do not change. */
export class InsightMaker {
  private readonly counts = new Map<string, { stamp: string; examples: number }>();

  /** @param processes how many share a training that is started here */
  constructor(
    private readonly t: Translate,
    private readonly processes: () => number | 'auto' = () => 1,
  ) {}

  /** @param folder of the configuration file */
  async insights(config: Config, folder: string): Promise<Insights> {
    const paths = configPaths(config, folder);
    const examples = await this.count(paths.annFiles.train, config);
    const easy = config.curriculum.epochs > 0 ? await this.count(paths.curriculum, config) : 0;
    const asked = this.processes();
    // The trainer counts the GPUs; the editor runs nothing to find out.
    const processes = asked === 'auto' ? 1 : asked;
    const { batch_size_train: batchPerProcess, accumulate_steps: accumulateSteps } = config;
    return {
      processes,
      processesNote:
        asked === 'auto'
          ? this.t('`nlvr.processesPerNode` is auto: one process per GPU. One is counted here.')
          : null,
      batchPerProcess,
      accumulateSteps,
      effectiveBatch: batchPerProcess * processes * accumulateSteps,
      ...this.schedule(config, examples, easy, processes),
      ...this.model(config, folder),
    };
  }

  /** @returns null when the file is missing or cannot be read */
  private async count(file: string | undefined, config: Config): Promise<number | null> {
    if (file === undefined) return null;
    try {
      const { size, mtimeMs } = await stat(file);
      const stamp = `${size} ${mtimeMs} ${config.ann_format}`;
      const known = this.counts.get(file);
      if (known?.stamp === stamp) return known.examples;
      const examples = await countExamples(file, config.ann_format);
      this.counts.set(file, { stamp, examples });
      return examples;
    } catch {
      return null;
    }
  }

  private schedule(
    config: Config,
    examples: number | null,
    easy: number | null,
    processes: number,
  ): Pick<
    Insights,
    'schedule' | 'scheduleUnit' | 'examples' | 'stepsPerEpoch' | 'totalSteps' | 'dataNote'
  > {
    const steps = examples === null ? 0 : stepsPerEpoch(config, examples, processes);
    if (examples === null || steps === 0)
      return {
        // Without a step count the warm-up cannot be drawn to scale, so it is left out.
        schedule: scheduleCorners({ ...config, warmup_steps: 0 }, 1),
        scheduleUnit: 'epochs',
        examples,
        stepsPerEpoch: null,
        totalSteps: null,
        dataNote:
          examples === null
            ? this.t('The training annotations are not there yet.')
            : this.t('Fewer examples than one step takes. Lower `batch_size_train`.'),
      };
    const easySteps =
      easy === null ? 0 : config.curriculum.epochs * stepsPerEpoch(config, easy, processes);
    return {
      schedule: scheduleCorners(config, steps, easySteps),
      scheduleUnit: 'steps',
      examples,
      stepsPerEpoch: steps,
      totalSteps: config.max_epoch * steps + easySteps,
      dataNote: null,
    };
  }

  private model(
    config: Config,
    folder: string,
  ): Pick<Insights, 'parameters' | 'memory' | 'modelNote'> {
    try {
      const { parameters, memory } = modelSize(config, readModelConfig(config, folder));
      const total = (parts: readonly number[]): number => parts.reduce((a, b) => a + b, 0);
      return {
        parameters: {
          total: total(Object.values(parameters)),
          parts: [
            { name: this.t('vision'), count: parameters.vision },
            { name: this.t('text'), count: parameters.text },
            { name: this.t('head'), count: parameters.head },
          ],
        },
        memory: {
          total: totalMemory(memory),
          parts: [
            { name: this.t('weights'), bytes: memory.weights },
            { name: this.t('optimizer'), bytes: memory.optimizer },
            { name: this.t('gradients'), bytes: memory.gradients },
            { name: this.t('activations'), bytes: memory.activations },
            { name: this.t('evaluation, in place of both'), bytes: memory.evaluation },
          ],
        },
        modelNote: null,
      };
    } catch (error) {
      return { parameters: null, memory: null, modelNote: say(wordsOf(error), this.t) };
    }
  }
}
