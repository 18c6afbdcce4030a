/** Calls a tool by its name, for the editor and for `nlvr mcp` alike. */
import Ajv, { type ValidateFunction } from 'ajv';
import { localize } from '../util/localize';
import { errorText, UserError } from '../util/userError';
import { boundedJson } from './bounded';
import { checkConfiguration } from './configuration';
import { toolDefinitions, type ToolName } from './definitions';
import type { Places } from './places';
import { analyzeRun, compareRuns, failedExamples } from './predictions';
import { robustnessOf } from './robustness';
import { listRuns, runMetrics, runStatus } from './runs';

/** What a tool says; a failure is said too, so that the model can do something about it. */
export interface ToolAnswer {
  /** JSON, or a sentence where it failed. */
  text: string;
  failed: boolean;
}

type Tool = (input: never, places: Places) => Promise<Record<string, unknown>>;

/** Each gets what its schema in `definitions.ts` has accepted. */
const tools: Readonly<Record<ToolName, Tool>> = {
  nlvr_list_runs: listRuns,
  nlvr_run_status: runStatus,
  nlvr_run_metrics: runMetrics,
  nlvr_analyze_run: analyzeRun,
  nlvr_failed_examples: failedExamples,
  nlvr_compare_runs: compareRuns,
  nlvr_robustness: robustnessOf,
  nlvr_check_configuration: checkConfiguration,
};

const validators = new Map<string, ValidateFunction>();

/** Answers a question. Reads only. @param input not checked yet */
export async function callTool(name: string, input: unknown, places: Places): Promise<ToolAnswer> {
  try {
    const checked = checkedInput(name, input);
    const tool = tools[name as ToolName];
    return { text: boundedJson(await tool(checked as never, places)), failed: false };
  } catch (error) {
    const { message, hint } = errorText(error);
    return { text: [message, hint].filter(Boolean).join(' '), failed: true };
  }
}

/** @throws {UserError} when there is no such tool, or its schema does not accept the input */
function checkedInput(name: string, input: unknown): unknown {
  const definition = toolDefinitions.find((each) => each.name === name);
  if (!definition)
    throw new UserError(localize('There is no tool {0}.', name), {
      hint: localize(
        'There are: {0}.',
        toolDefinitions.map((each) => each.name),
      ),
    });
  let validate = validators.get(name);
  if (!validate) {
    // Models write numbers as texts and the reverse.
    const ajv = new Ajv({ coerceTypes: true, allErrors: true });
    validators.set(name, (validate = ajv.compile(definition.input)));
  }
  const copy: unknown = structuredClone(input ?? {});
  if (validate(copy)) return copy;
  const faults = (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath.slice(1) || 'input'} ${message ?? ''} ${faultDetail(params)}`.trim(),
  );
  throw new UserError(
    localize('The input of {0} is not accepted: {1}.', name, faults.slice(0, 5).join('; ')),
  );
}

/** The name of an unknown property, or the values that are possible. */
function faultDetail(params: Readonly<Record<string, unknown>>): string {
  const { additionalProperty, allowedValues } = params;
  if (typeof additionalProperty === 'string') return `(${additionalProperty.slice(0, 80)})`;
  return Array.isArray(allowedValues) ? `(${allowedValues.join(', ')})` : '';
}
