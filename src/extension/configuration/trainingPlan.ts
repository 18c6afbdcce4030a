/** Computes the training plan next to the form: steps, schedule, parameters, memory. Uses the functions of the trainer. */
import type { Config } from '../../config/definition';
import type { ParsedConfig } from '../../config/parse';
import { configPaths, type ConfigPaths } from '../../config/paths';
import type { ProblemCode } from '../../config/problem';
import { schedulePoints, stepsPerEpoch } from '../../config/schedule';
import { readModelConfig } from '../../model/config';
import { modelSize, totalMemory } from '../../model/size';
import { formatMessage } from '../../util/localize';
import { messageTextOf } from '../../util/userError';
import type { Insights } from '../../webview/config/messages';
import { ExampleCounts } from './exampleCount';
import type { Translate } from './fixes';

/** Numbers of examples; null if unknown. */
interface Data {
  examples: number | null;
  /** Examples of the curriculum's easy stage. */
  easy: number | null;
  /** Why nothing was counted, if the reason is an invalid value. */
  note: string | null;
}

type Steps = Pick<Insights, 'stepsPerEpoch' | 'totalSteps' | 'dataNote'> & {
  /** Steps of the curriculum's easy stage. */
  easySteps: number;
};

/** Codes of problems with the value of a single key, which the parser replaces by the default. */
const invalidValueCodes: ReadonlySet<string> = new Set<ProblemCode>([
  'wrong-type',
  'out-of-range',
  'not-one-of',
  'bad-path',
]);

/** Thrown when a key is read whose invalid value was replaced by the default. */
class InvalidValueError extends Error {
  constructor(readonly key: string) {
    super(key);
  }
}

/** Wraps the configuration; reading a key with an invalid value throws. */
function guardInvalidValues({ config, problems }: Checked): Config {
  const wrong = new Set(
    problems
      .filter(({ severity, code }) => severity === 'error' && invalidValueCodes.has(code))
      .map(({ key }) => key.split('.', 1)[0]),
  );
  return new Proxy(config, {
    get(target, key, receiver) {
      if (typeof key === 'string' && wrong.has(key)) throw new InvalidValueError(key);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

type Checked = Pick<ParsedConfig, 'config' | 'problems'>;

/** Computes the training plan of configurations; caches example counts. */
export class TrainingPlanBuilder {
  private readonly counts = new ExampleCounts();

  /** @param processes number of processes that share a training started in a folder */
  constructor(
    private readonly t: Translate,
    private readonly processes: (folder: string) => number | 'auto' = () => 1,
  ) {}

  /**
   * Computes the plan. Numbers that depend on an invalid value are null, with a note that names the key.
   * @param folder folder of the configuration file
   */
  async insights(checked: Checked, folder: string): Promise<Insights> {
    const config = guardInvalidValues(checked);
    const data = await this.data(config, configPaths(checked.config, folder));
    const requested = this.processes(folder);
    // The trainer counts the GPUs; the editor executes nothing to count them.
    const processes = requested === 'auto' ? 1 : requested;
    const steps = this.steps(config, data, processes);
    return {
      processes,
      processesNote:
        requested === 'auto'
          ? this.t('`nlvr.processesPerNode` is auto: one process per GPU. This plan assumes one.')
          : null,
      ...this.batch(config, processes),
      examples: data.examples,
      ...steps,
      dataNote: data.note ?? steps.dataNote,
      ...this.schedule(config, data, steps),
      ...this.model(config, folder),
    };
  }

  /** Returns the result of `make`, or of `otherwise` with a note if `make` reads an invalid value. */
  private ifValid<T>(make: () => T, otherwise: (note: string) => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof InvalidValueError)) throw error;
      return otherwise(this.invalidValueNote(error));
    }
  }

  private invalidValueNote({ key }: InvalidValueError): string {
    return this.t('Not available: the value of `{0}` is invalid.', key);
  }

  /** Counts the examples of an epoch, and those of the curriculum's easy stage. */
  private async data(config: Config, paths: ConfigPaths): Promise<Data> {
    const wrong = this.ifValid<string | null>(
      () => {
        // The paths depend on these keys.
        void [config.ann_root, config.ann_files, config.ann_format, config.curriculum];
        return null;
      },
      (note) => note,
    );
    if (wrong !== null) return { examples: null, easy: null, note: wrong };
    const count = (file: string | undefined): Promise<number | null> | null =>
      file === undefined ? null : this.counts.of(file, config.ann_format);
    const examples = await count(paths.annFiles.train);
    const easy = config.curriculum.epochs > 0 ? await count(paths.curriculum) : 0;
    return { examples, easy, note: null };
  }

  private batch(
    config: Config,
    processes: number,
  ): Pick<Insights, 'batchPerProcess' | 'accumulateSteps' | 'effectiveBatch'> {
    return this.ifValid<ReturnType<TrainingPlanBuilder['batch']>>(
      () => {
        const { batch_size_train: batchPerProcess, accumulate_steps: accumulateSteps } = config;
        const effectiveBatch = batchPerProcess * processes * accumulateSteps;
        return { batchPerProcess, accumulateSteps, effectiveBatch };
      },
      () => ({ batchPerProcess: null, accumulateSteps: null, effectiveBatch: null }),
    );
  }

  private steps(config: Config, { examples, easy }: Data, processes: number): Steps {
    const none = { stepsPerEpoch: null, totalSteps: null, easySteps: 0 };
    if (examples === null)
      return { ...none, dataNote: this.t('The training annotations do not exist yet.') };
    return this.ifValid<Steps>(
      () => {
        const steps = stepsPerEpoch(config, examples, processes);
        if (steps === 0) {
          const note = this.t(
            'There are fewer examples than one step takes. Lower `batch_size_train`.',
          );
          return { ...none, dataNote: note };
        }
        const easySteps =
          easy === null ? 0 : config.curriculum.epochs * stepsPerEpoch(config, easy, processes);
        const totalSteps = config.max_epoch * steps + easySteps;
        return { stepsPerEpoch: steps, totalSteps, easySteps, dataNote: null };
      },
      (dataNote) => ({ ...none, dataNote }),
    );
  }

  private schedule(
    config: Config,
    { note }: Data,
    { stepsPerEpoch: steps, easySteps }: Steps,
  ): Pick<Insights, 'schedule' | 'scheduleUnit' | 'scheduleNote'> {
    return this.ifValid<ReturnType<TrainingPlanBuilder['schedule']>>(
      () => {
        const { init_lr, min_lr, max_epoch, warmup_lr, warmup_steps } = config;
        const keys = { init_lr, min_lr, max_epoch, warmup_lr, warmup_steps };
        if (steps !== null)
          return {
            schedule: schedulePoints(keys, steps, easySteps),
            scheduleUnit: 'steps',
            scheduleNote: null,
          };
        if (note === null) void [config.batch_size_train, config.accumulate_steps];
        return {
          // Without a step count, the warm-up cannot be drawn to scale and is omitted.
          schedule: schedulePoints({ ...keys, warmup_steps: 0 }, 1),
          scheduleUnit: 'epochs',
          scheduleNote: null,
        };
      },
      (scheduleNote) => ({ schedule: null, scheduleUnit: 'epochs', scheduleNote }),
    );
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
      const note =
        error instanceof InvalidValueError
          ? this.invalidValueNote(error)
          : formatMessage(messageTextOf(error), this.t);
      return { parameters: null, memory: null, modelNote: note };
    }
  }
}
