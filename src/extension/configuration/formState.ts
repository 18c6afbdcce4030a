/** Converts the text of a configuration to the state of the form. */
import type { KeyDefinition } from '../../config/definitions/keyKinds';
import { yamlText } from '../../config/describe';
import { definitionOf } from '../../config/keys';
import type { ParsedConfig } from '../../config/parse';
import type { ConfigProblem } from '../../config/problem';
import { formatStoredMessage } from '../../util/localize';
import type { FieldState, FormProblem, FormState } from '../../webview/config/messages';
import { fixesFor, type Fix, type Translate } from './fixes';

/** A state, and the fixes that it refers to by index. */
export interface FormView {
  state: FormState;
  fixes: readonly Fix[];
}

/**
 * Creates the state of the form.
 * @param problems problems of the text and missing files, in the order of the text
 * @param version version of the text
 */
export function formView(
  parsed: ParsedConfig,
  problems: readonly ConfigProblem[],
  version: number,
  t: Translate,
): FormView {
  const broken = problems.find(({ code }) => code === 'syntax' || code === 'not-a-mapping');
  if (broken !== undefined)
    return {
      state: {
        version,
        fields: {},
        otherProblems: [],
        syntaxError: { message: formatStoredMessage(broken, t), line: broken.line },
      },
      fixes: [],
    };
  const fixes: Fix[] = [];
  const byKey = new Map<string, FormProblem[]>();
  const otherProblems: FormProblem[] = [];
  for (const problem of problems) {
    const shown = formProblem(parsed, problem, fixes, t);
    const list =
      definitionOf(problem.key) === undefined ? otherProblems : (byKey.get(problem.key) ?? []);
    list.push(shown);
    if (list !== otherProblems) byKey.set(problem.key, list);
  }
  const fields: FormState['fields'] = {};
  for (const [key, value] of Object.entries(parsed.config)) {
    const known = definitionOf(key);
    if (known === undefined) continue;
    fields[key] = fieldState(parsed, key, known, value, byKey);
    if (known.kind !== 'mapping') continue;
    const given = valuesOf(value);
    for (const [name, field] of Object.entries(known.fields)) {
      const path = `${key}.${name}`;
      fields[path] = fieldState(parsed, path, field, given.get(name) ?? field.default, byKey);
    }
  }
  return { state: { version, fields, otherProblems }, fixes };
}

function formProblem(
  parsed: ParsedConfig,
  problem: ConfigProblem,
  fixes: Fix[],
  t: Translate,
): FormProblem {
  const { severity, line, range } = problem;
  const offered = fixesFor(parsed.document.text, problem, t).map((fix) => ({
    title: fix.title,
    index: fixes.push(fix) - 1,
  }));
  return {
    severity,
    message: formatStoredMessage(problem, t),
    line: range[1] === 0 ? 0 : line,
    fixes: offered,
  };
}

const valuesOf = (value: unknown): ReadonlyMap<string, unknown> =>
  new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);

function fieldState(
  parsed: ParsedConfig,
  key: string,
  known: KeyDefinition,
  value: unknown,
  problems: ReadonlyMap<string, FormProblem[]>,
): FieldState {
  const written = parsed.written.has(key);
  const raw = writtenText(parsed, key);
  const isMapping = typeof value === 'object' && value !== null;
  const wrong = (problems.get(key) ?? []).some(({ severity }) => severity === 'error');
  const state: FieldState = {
    // An invalid value is shown as written in the file, not as the default that replaces it.
    text: wrong && raw !== undefined ? raw : isMapping ? '' : yamlText(value),
    written,
    changed: !sameValue(value, known.default) || (wrong && raw !== undefined),
    problems: problems.get(key) ?? [],
  };
  if (known.kind === 'mapping') state.asFields = isMapping;
  return state;
}

/** A scalar as written in the file, without its quotes. */
function writtenText(parsed: ParsedConfig, key: string): string | undefined {
  const range = parsed.written.get(key)?.at(-1)?.value;
  if (range === undefined) return undefined;
  const text = parsed.document.text.slice(...range);
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
