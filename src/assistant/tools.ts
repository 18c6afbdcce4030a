/** Calls a tool by name, for the editor and for `nlvr mcp`. */
import Ajv, { type ValidateFunction } from 'ajv';
import { localize } from '../util/localize';
import { errorText, UserError } from '../util/userError';
import { boundedJson } from './bounded';
import { checkConfiguration } from './configuration';
import { toolDefinitions, type ToolName } from './definitions';
import type { ReadAccess } from './readAccess';
import { analyzeRun, compareRuns, failedExamples } from './predictions';
import { robustnessOf } from './robustness';
import { listRuns, runMetrics, runStatus } from './runs';

/** The result of a tool, or its error message, so that the model can react. */
export interface ToolResult {
  /** JSON, or a message if it failed. */
  text: string;
  failed: boolean;
}

type Tool = (input: never, access: ReadAccess) => Promise<Record<string, unknown>>;

/** The tools; their input was validated with the schema in `definitions.ts`. */
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

/** Calls a tool, which only reads. @param input not validated */
export async function callTool(
  name: string,
  input: unknown,
  access: ReadAccess,
): Promise<ToolResult> {
  try {
    const checked = checkedInput(name, input);
    const tool = tools[name as ToolName];
    return { text: boundedJson(await tool(checked as never, access)), failed: false };
  } catch (error) {
    const { message, hint } = errorText(error);
    return { text: [message, hint].filter(Boolean).join(' '), failed: true };
  }
}

/** Validates the input. @throws {UserError} if there is no such tool, or the input does not match its schema */
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
    // Models write numbers as strings and vice versa.
    const ajv = new Ajv({ coerceTypes: true, allErrors: true });
    validators.set(name, (validate = ajv.compile(definition.input)));
  }
  const copy: unknown = structuredClone(input ?? {});
  if (validate(copy)) return copy;
  const errors = (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath.slice(1) || 'input'} ${message ?? ''} ${errorDetail(params)}`.trim(),
  );
  throw new UserError(
    localize('The input of {0} is not accepted: {1}.', name, errors.slice(0, 5).join('; ')),
  );
}

/** The name of an unknown property, or the allowed values. */
function errorDetail(params: Readonly<Record<string, unknown>>): string {
  const { additionalProperty, allowedValues } = params;
  if (typeof additionalProperty === 'string') return `(${additionalProperty.slice(0, 80)})`;
  return Array.isArray(allowedValues) ? `(${allowedValues.join(', ')})` : '';
}
