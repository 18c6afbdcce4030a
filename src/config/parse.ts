/** Parses the text of a configuration file into a configuration and problems with their positions in the text. */
import {
  storedMessage,
  localize,
  joinSentences,
  type MessageValue,
  type MessageText,
} from '../util/localize';
import { checkValue } from './check';
import { crossCheck } from './crossChecks';
import type { CrossIssue } from './crossIssue';
import { definition, type Config } from './definition';
import type { MappingKey } from './definitions/keyKinds';
import { readDocument, type ConfigDocument, type KeyLocation } from './document';
import { formatValue } from './format';
import { alternativeOf, configKeys, definitionOf, fieldsOf, nearest } from './keys';
import { isMapping, applyOverrides, type Override } from './overrides';
import type { ConfigProblem, ProblemCode, Severity, Suggestion, TextRange } from './problem';

export interface ParsedConfig {
  /** Complete: missing and invalid values are replaced by their defaults. */
  config: Config;
  /** In the order of the text. */
  problems: readonly ConfigProblem[];
  /** Positions of each key in the file, by dotted name, including unknown keys. */
  written: ReadonlyMap<string, readonly KeyLocation[]>;
  document: ConfigDocument;
}

/** A problem without its position. */
type Issue = Pick<ConfigProblem, 'severity' | 'code' | 'key' | 'suggestions'> & {
  text: MessageText;
};

/**
 * Parses and checks a configuration. Never throws.
 * Problems between keys are reported only if each of these keys is valid.
 * @param overrides values that override the file's
 */
export function parseConfig(text: string, overrides: readonly Override[] = []): ParsedConfig {
  const document = readDocument(text);
  const report = new Reporter(document, overrides);
  const values: Record<string, unknown> = {};
  const root = applyOverrides(document.value, overrides);
  for (const { message, range } of document.errors) report.syntax(message, range);
  if (root !== undefined && root !== null && !isMapping(root))
    report.addFileIssue(
      'not-a-mapping',
      localize('A configuration is a list of `key: value` lines; this is {0}.', formatValue(root)),
    );
  if (isMapping(root)) {
    report.duplicates();
    readKeys(root, values, report);
  }
  for (const key of configKeys) values[key] ??= structuredClone(definition[key].default);
  // Every key has a value now, either checked or the default.
  const config = values as Config;
  if (document.errors.length === 0)
    for (const issue of crossCheck(config, (key) => report.isWritten(key)))
      report.addCrossIssue(issue);
  return {
    config,
    problems: report.sorted(),
    written: document.locations,
    document,
  };
}

function readKeys(
  root: Record<string, unknown>,
  values: Record<string, unknown>,
  report: Reporter,
): void {
  const names = new Set(Object.keys(root));
  for (const [name, value] of Object.entries(root)) {
    const key = definitionOf(name);
    if (name.includes('.') || key === undefined) report.unknown(name, names);
    else if (key.kind === 'mapping') values[name] = readMapping(name, key, value, report);
    else values[name] = report.checked(name, checkValue(name, key, value));
  }
}

/** Reads a mapping. @returns the mapping with its defaults, or its alternative (a name or path); undefined if it is invalid */
function readMapping(name: string, key: MappingKey, value: unknown, report: Reporter): unknown {
  const alternative = alternativeOf(key);
  if (!isMapping(value)) {
    if (alternative !== undefined && !Array.isArray(value))
      return report.checked(name, checkValue(name, alternative, value));
    report.wrongMapping(name, key, value);
    return undefined;
  }
  const fields: Record<string, unknown> = {};
  const names = new Set(Object.keys(value));
  for (const [field, definition] of Object.entries(key.fields)) fields[field] = definition.default;
  for (const [field, fieldValue] of Object.entries(value)) {
    const path = `${name}.${field}`;
    const fieldKey = definitionOf(path);
    if (fieldKey !== undefined && fieldKey.kind !== 'mapping')
      fields[field] =
        report.checked(path, checkValue(path, fieldKey, fieldValue)) ?? fieldKey.default;
    else if (!Object.hasOwn(key.ignored ?? {}, field)) report.unknown(path, names);
    else report.ignored(path, key.ignored?.[field] ?? null, fieldValue);
  }
  return fields;
}

/** Maximum number of unknown keys for which a similar key is suggested. */
const MAX_SUGGESTED = 100;

/** Collects problems and finds their positions. */
class Reporter {
  private readonly problems: ConfigProblem[] = [];
  private unknownKeys = 0;

  constructor(
    private readonly document: ConfigDocument,
    private readonly overrides: readonly Override[],
  ) {}

  isWritten(key: string): boolean {
    return this.document.locations.has(key) || this.override(key) !== undefined;
  }

  sorted(): ConfigProblem[] {
    return [...this.problems].sort((a, b) => a.range[0] - b.range[0]);
  }

  syntax(message: MessageText, range: TextRange): void {
    this.add(issue('error', 'syntax', '', message), range);
  }

  addFileIssue(code: ProblemCode, message: MessageText): void {
    this.add(issue('error', code, '', message), [0, this.document.text.trimEnd().length]);
  }

  /** Reports keys that are set twice, which YAML and BLIP's reader refuse. */
  duplicates(): void {
    for (const [key, places] of this.document.locations)
      for (const place of places.filter(({ duplicate }) => duplicate)) {
        const first = this.document.lines.linePos(places[0]?.key[0] ?? 0).line;
        this.add(
          issue(
            'error',
            'duplicate-key',
            key,
            localize('`{0}` is set twice; first in line {1}.', key, first),
            [{ kind: 'remove' }],
          ),
          place.key,
        );
      }
  }

  unknown(path: string, siblings: ReadonlySet<string>): void {
    const dot = path.indexOf('.');
    const isField = dot > 0 && definitionOf(path.slice(0, dot))?.kind === 'mapping';
    const parent = isField ? path.slice(0, dot) : '';
    const name = isField ? path.slice(dot + 1) : path;
    const known = isField ? Object.keys(fieldsOf(definitionOf(parent)) ?? {}) : configKeys;
    // A file of another kind has only unknown keys.
    const meant = this.unknownKeys++ < MAX_SUGGESTED ? nearest(name, known) : undefined;
    const owner = configKeys.find((key) => Object.hasOwn(fieldsOf(definitionOf(key)) ?? {}, name));
    const hint =
      meant !== undefined
        ? localize(
            siblings.has(meant)
              ? 'Did you mean `{0}`, which is already set?'
              : 'Did you mean `{0}`?',
            meant,
          )
        : owner !== undefined && !isField
          ? localize('It belongs under `{0}`.', owner)
          : undefined;
    const text = isField
      ? localize('`{0}` is not a key of `{1}`.', name, parent)
      : localize('`{0}` is not a key of the configuration.', name);
    const rename: Suggestion[] =
      meant !== undefined && !siblings.has(meant) ? [{ kind: 'rename', to: meant }] : [];
    this.atKey(
      issue('error', 'unknown-key', path, hint === undefined ? text : joinSentences(text, hint), [
        ...rename,
        { kind: 'remove' },
      ]),
    );
  }

  wrongMapping(name: string, key: MappingKey, value: unknown): void {
    const fields: MessageValue = Object.keys(key.fields).map((field) => `\`${field}\``);
    const hasPath = alternativeOf(key)?.kind === 'path';
    this.atValue(
      issue(
        'error',
        'wrong-type',
        name,
        localize(
          hasPath
            ? '`{0}` is {1}: it must be a path, or a mapping with {2}.'
            : '`{0}` is {1}: it must be a mapping with {2}.',
          name,
          formatValue(value),
          fields,
        ),
        [{ kind: 'remove' }],
      ),
    );
  }

  /** Checks an ignored field: only the value that the model always uses is allowed. */
  ignored(path: string, only: string | null, value: unknown): void {
    if (only === null || value === only) return;
    this.atValue(
      issue(
        'error',
        'not-one-of',
        path,
        localize(
          '`{0}` is {1}: the model has {2} only.',
          path,
          formatValue(value),
          formatValue(only),
        ),
        [{ kind: 'set', key: path, value: only }],
      ),
    );
  }

  /** Returns the value of a result, or reports its problem and returns undefined. */
  checked(
    key: string,
    result: ReturnType<typeof checkValue>,
  ): string | number | boolean | undefined {
    if ('value' in result) return result.value;
    const { code, message, values } = result.issue;
    this.atValue(
      issue('error', code, key, message, [
        ...values.map((value): Suggestion => ({ kind: 'set', key, value })),
        ...(values.length === 0 ? [{ kind: 'remove' } as const] : []),
      ]),
    );
    return undefined;
  }

  addCrossIssue(cross: CrossIssue): void {
    const { severity, code, keys, message, suggestions } = cross;
    if (keys.some((each) => this.hasError(each))) return;
    const key = keys.find((candidate) => this.isWritten(candidate)) ?? keys[0];
    this.atValue(issue(severity, code, key, message, suggestions));
  }

  private atKey(found: Issue): void {
    this.add(found, this.place(found.key)?.key);
  }

  private atValue(found: Issue): void {
    const place = this.place(found.key);
    const empty = place !== undefined && place.value[0] === place.value[1];
    this.add(found, empty ? place.key : place?.value);
  }

  /** The last position of a key (whose value counts), or that of the enclosing mapping. */
  private place(key: string): KeyLocation | undefined {
    const places = this.document.locations.get(key);
    if (places !== undefined) return places[places.length - 1];
    const dot = key.lastIndexOf('.');
    return dot < 0 ? undefined : this.place(key.slice(0, dot));
  }

  /** Whether the key, its enclosing mapping or a field of it has an error. */
  private hasError(key: string): boolean {
    return this.problems.some(
      ({ key: wrong, code, severity }) =>
        severity === 'error' &&
        code !== 'conflict' &&
        (key === wrong || key.startsWith(`${wrong}.`) || wrong.startsWith(`${key}.`)),
    );
  }

  private override(key: string): Override | undefined {
    return this.overrides.findLast((each) => key === each.key || key.startsWith(`${each.key}.`));
  }

  private add(found: Issue, range: TextRange = [0, 0]): void {
    const override = this.override(found.key);
    const place = override === undefined ? range : ([0, 0] as const);
    const { line, col } = this.document.lines.linePos(place[0]);
    const { text: words, ...rest } = found;
    this.problems.push({
      ...rest,
      ...storedMessage(override ? localize('{0} (from {1})', words, override.source) : words),
      line: Math.max(1, line),
      column: Math.max(1, col),
      range: place,
    });
  }
}

function issue(
  severity: Severity,
  code: ProblemCode,
  key: string,
  words: MessageText,
  suggestions: readonly Suggestion[] = [],
): Issue {
  return { severity, code, key, text: words, suggestions };
}
