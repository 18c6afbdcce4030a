/**
 * Definitions of the tools for assistants: in VS Code as language model tools (`npm run generate` writes them into
 * package.json), for other programs through `nlvr mcp`. Descriptions are for the model, so they are not translated.
 */

/** The subset of JSON schema that the inputs use. */
export interface InputSchema {
  type: 'object';
  properties: Readonly<Record<string, PropertySchema>>;
  required?: readonly string[];
  additionalProperties: false;
}

interface PropertySchema {
  type: 'string' | 'integer' | 'boolean';
  description: string;
  enum?: readonly string[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

export interface ToolDefinition {
  /** Stable, because models and configurations refer to it. */
  name: string;
  /** Name in a prompt: `#nlvrRuns`. */
  reference: string;
  /** Display name for `nlvr mcp`; VS Code uses package.nls.json. */
  title: string;
  /** What it returns, when to use it, and which tool to use next. */
  description: string;
  input: InputSchema;
}

/** Maximum length of a path or name. */
const MAX_PATH_LENGTH = 4096;

const run = (description: string): PropertySchema => ({
  type: 'string',
  description: `${description}: its name, or its folder as nlvr_list_runs returns it in "run".`,
  minLength: 1,
  maxLength: MAX_PATH_LENGTH,
});
const split: PropertySchema = {
  type: 'string',
  description: 'Split of the predictions. Default: val.',
  enum: ['val', 'test', 'train'],
};
const epoch = (which: string): PropertySchema => ({
  type: 'string',
  description: `${which}: a number from 0, "best" (best validation accuracy) or "last" (the newest predictions, the default).`,
  pattern: '^(best|last|[0-9]{1,6})$',
});
const offset: PropertySchema = {
  type: 'integer',
  description: 'How many to skip, for the next page. Default: 0.',
  minimum: 0,
  maximum: 100_000_000,
};
const limit = (most: number, usual: number): PropertySchema => ({
  type: 'integer',
  description: `How many to return at most. Default: ${usual}.`,
  minimum: 1,
  maximum: most,
});

/** Default values of optional inputs. */
export const DEFAULT_RUNS = 20;
export const DEFAULT_POINTS = 20;
export const DEFAULT_EXAMPLES = 10;
export const DEFAULT_PAIRS = 3;

export const LIST_RUNS = 'nlvr_list_runs';
export const RUN_STATUS = 'nlvr_run_status';
export const RUN_METRICS = 'nlvr_run_metrics';
export const ANALYZE_RUN = 'nlvr_analyze_run';
export const FAILED_EXAMPLES = 'nlvr_failed_examples';
export const COMPARE_RUNS = 'nlvr_compare_runs';
export const ROBUSTNESS = 'nlvr_robustness';
export const CHECK_CONFIGURATION = 'nlvr_check_configuration';

export const toolDefinitions = [
  {
    name: LIST_RUNS,
    reference: 'nlvrRuns',
    title: 'List NLVR Runs',
    description:
      'Lists the training and evaluation runs of NLVR2 models (BLIP) in the workspace, newest first: name, folder, state (running, finished, stopped, failed …), steps, best epoch, accuracy and consistency on val and test as shares from 0 to 1, and the configuration keys in which the listed runs differ. Use it first to find the run that a question is about. Epochs count from 0.',
    input: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          description: 'Only runs whose name or folder contains this text.',
          maxLength: MAX_PATH_LENGTH,
        },
        state: {
          type: 'string',
          description: 'Only runs in this state.',
          enum: [
            'starting',
            'running',
            'evaluating',
            'stopping',
            'stopped',
            'finished',
            'failed',
            'lost',
          ],
        },
        offset,
        limit: limit(100, DEFAULT_RUNS),
      },
      additionalProperties: false,
    },
  },
  {
    name: RUN_STATUS,
    reference: 'nlvrRunStatus',
    title: 'NLVR Run Status',
    description:
      'Returns the status of one NLVR run: state, phase, epoch and step with their totals, estimated seconds left, time trained, best result, why it failed or stopped and what to do about it, warnings and errors of the trainer, and the splits and epochs with predictions. Use it for questions such as "is it still training?" or "why did it fail?".',
    input: {
      type: 'object',
      properties: { run: run('The run') },
      required: ['run'],
      additionalProperties: false,
    },
  },
  {
    name: RUN_METRICS,
    reference: 'nlvrRunMetrics',
    title: 'NLVR Run Metrics',
    description:
      'Returns the numbers of one NLVR run: accuracy, consistency and loss of every evaluation, loss and accuracy of every epoch, and a summary of the curves over steps (training loss, learning rate, gradient norm, examples per second): first, last, least and greatest value, and mean values over equal parts of the steps. Use it for questions about convergence, overfitting, spikes or the learning rate. Epochs count from 0.',
    input: {
      type: 'object',
      properties: {
        run: run('The run'),
        points: {
          type: 'integer',
          description: `Points of each curve. Default: ${DEFAULT_POINTS}.`,
          minimum: 2,
          maximum: 100,
        },
      },
      required: ['run'],
      additionalProperties: false,
    },
  },
  {
    name: ANALYZE_RUN,
    reference: 'nlvrAnalysis',
    title: 'Analyze NLVR Run',
    description:
      'Analyzes the predictions of one NLVR run: accuracy with 95% interval and consistency, overall and by slice (label, sentence length, counting, comparison, negation, quantifiers, spatial words, kind, annotators …). Slices that differ significantly from the rest are marked (q below 0.05) and come first. Also calibration, examples learned and forgotten over the epochs, and candidates for label noise. Use it to find what kind of sentence a model gets wrong, then nlvr_failed_examples for the sentences of a slice.',
    input: {
      type: 'object',
      properties: { run: run('The run'), split, epoch: epoch('Epoch of the predictions') },
      required: ['run'],
      additionalProperties: false,
    },
  },
  {
    name: FAILED_EXAMPLES,
    reference: 'nlvrFailedExamples',
    title: 'NLVR Failed Examples',
    description:
      'Returns examples that an NLVR run answers wrong: identifier, sentence, label, answer, probability of True and the paths of the left and the right image. Pages through them by offset and limit; total says how many there are. Order "surest" (the default) starts with the most confident answers. A slice and its value, as nlvr_analyze_run returns them, select a kind of sentence.',
    input: {
      type: 'object',
      properties: {
        run: run('The run'),
        split,
        epoch: epoch('Epoch of the predictions'),
        slice: { type: 'string', description: 'Only examples of this slice.', maxLength: 200 },
        value: {
          type: 'string',
          description: 'Value of the slice. Default: yes.',
          maxLength: 500,
        },
        contains: {
          type: 'string',
          description: 'Only sentences that contain this text; case does not matter.',
          maxLength: 500,
        },
        label: {
          type: 'boolean',
          description: 'Only examples with this label (their answer is the opposite).',
        },
        order: {
          type: 'string',
          description:
            'surest: the most confident wrong answers first; annotations: as in the data set.',
          enum: ['surest', 'annotations'],
        },
        offset,
        limit: limit(50, DEFAULT_EXAMPLES),
      },
      required: ['run'],
      additionalProperties: false,
    },
  },
  {
    name: COMPARE_RUNS,
    reference: 'nlvrComparison',
    title: 'Compare NLVR Runs',
    description:
      'Compares two NLVR runs on the examples that both answer, b against a: accuracies, their difference with 95% interval, McNemar\'s exact test, how many examples are newly right and newly wrong, the same by slice (those that changed significantly first), and some of the newly wrong and newly right examples. Use it for questions such as "is b really better?" or "what did the change break?".',
    input: {
      type: 'object',
      properties: {
        a: run('The baseline run'),
        b: run('The run to compare'),
        split,
        epochA: epoch('Epoch of the predictions of a'),
        epochB: epoch('Epoch of the predictions of b'),
        examples: {
          type: 'integer',
          description: `Newly wrong and newly right examples to return of each. Default: ${DEFAULT_EXAMPLES}.`,
          minimum: 0,
          maximum: 25,
        },
      },
      required: ['a', 'b'],
      additionalProperties: false,
    },
  },
  {
    name: ROBUSTNESS,
    reference: 'nlvrRobustness',
    title: 'NLVR Robustness Results',
    description:
      'Returns the newest stored robustness result of one NLVR run: how many answers of a checkpoint changed, and how its accuracy changed, when the images and left/right in the sentence were swapped (the answer must hold), when both images were the same one, without images and without the sentence; with 95% intervals, McNemar\'s test, the accuracy of always giving the most frequent label ("majority"), and the pairs whose probability changed most. Use it for questions such as "does the model look at both images?" or "does it depend on the order of the images?". It runs no test: where nothing is stored, it says so.',
    input: {
      type: 'object',
      properties: {
        run: run('The run'),
        split: { ...split, description: 'Only results of this split. Default: any.' },
        checkpoint: {
          type: 'string',
          description: 'Only results of checkpoints whose path contains this text.',
          maxLength: MAX_PATH_LENGTH,
        },
        pairs: {
          type: 'integer',
          description: `Pairs with changed answers to return for each test. Default: ${DEFAULT_PAIRS}.`,
          minimum: 0,
          maximum: 25,
        },
      },
      required: ['run'],
      additionalProperties: false,
    },
  },
  {
    name: CHECK_CONFIGURATION,
    reference: 'nlvrConfiguration',
    title: 'Check NLVR Configuration',
    description:
      'Checks an NLVR training configuration (nlvr.yaml) without running anything: unknown keys, wrong types and ranges, keys that contradict each other, paths that do not exist. Returns each problem with severity, key, line, column, a sentence that explains the problem, and valid values. Use it before and after editing such a file.',
    input: {
      type: 'object',
      properties: {
        file: {
          type: 'string',
          description: 'Path of the configuration, absolute or from the workspace folder.',
          minLength: 1,
          maxLength: MAX_PATH_LENGTH,
        },
      },
      required: ['file'],
      additionalProperties: false,
    },
  },
] as const satisfies readonly ToolDefinition[];

export type ToolName = (typeof toolDefinitions)[number]['name'];
