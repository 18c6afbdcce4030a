/** Reads the text encoder's configuration from BLIP's `med_config.json`, a similar file, or a mapping. */
import { existsSync, readFileSync } from 'node:fs';
import { storedMessage, localize, joinSentences, type MessageText } from '../util/localize';
import { UserError, messageOf } from '../util/userError';
import { checkValue } from './check';
import { ConfigError, describeErrors } from './configError';
import type { CrossIssue } from './crossIssue';
import { definition, type Config } from './definition';
import type { MedConfig } from './definitions/model';
import { formatValue } from './format';
import { readJsonObject, type JsonEntry } from './jsonObject';
import { nearest } from './keys';
import { medConfigPath } from './paths';
import type { ConfigProblem, Suggestion, TextRange } from './problem';
import { checkLength, checkSizes } from './textEncoderChecks';

const { fields, ignored } = definition.med_config;
const fieldNames = Object.keys(fields) as (keyof MedConfig)[];
const isField = (name: string): name is keyof MedConfig => Object.hasOwn(fields, name);

/** BLIP's `configs/med_config.json`: BERT base with the width of the cross-attention. */
export const blipMedConfig: Readonly<MedConfig> = Object.fromEntries(
  fieldNames.map((name) => [name, fields[name].default]),
  // Every field of the definition has a default.
) as MedConfig;

/** The checked content of a `med_config` file. */
export interface CheckedMedConfig {
  /** Complete: missing and invalid values are replaced by BLIP's. */
  config: MedConfig;
  /** With their positions in the file, in the order of the text. */
  problems: readonly ConfigProblem[];
}

/** A file that `med_config` names. */
export interface MedConfigFile extends CheckedMedConfig {
  /** Absolute. */
  file: string;
}

/**
 * Reads the sizes of the text encoder.
 * `encoder_width` is the value of the file; the model sets it from `vit`, as BLIP does.
 * @param folder of the configuration file, for a relative path
 * @throws {UserError} if the file is missing, is not a JSON object, or has a value that is out of range or conflicts with
 *   the others, the tokenizer or `max_words`. A mapping is checked with the configuration.
 */
export function readMedConfig(
  config: Pick<Config, 'med_config' | 'max_words'>,
  folder: string,
): MedConfig {
  if (typeof config.med_config !== 'string') return config.med_config;
  const found = readMedConfigFile(config, folder);
  if (found) requireValid(found.problems, found.file);
  const med = found ? found.config : { ...blipMedConfig };
  const [tooLong] = checkLength(med, config.max_words);
  if (!tooLong) return med;
  throw new UserError(found ? localize('{0}: {1}', found.file, tooLong.message) : tooLong.message);
}

/**
 * Reads and checks the file of `med_config`; undefined if it needs no file.
 * @throws {UserError} if it is missing or cannot be read
 */
export function readMedConfigFile(
  { med_config: value }: Pick<Config, 'med_config'>,
  folder: string,
): MedConfigFile | undefined {
  const file = typeof value === 'string' ? medConfigPath(value, folder) : undefined;
  return file === undefined ? undefined : { file, ...checkMedConfig(readText(file)) };
}

function requireValid(problems: readonly ConfigProblem[], file: string): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ConfigError(describeErrors(file, errors), problems, { file });
}

function readText(file: string): string {
  if (!existsSync(file))
    throw new UserError(localize('`med_config` names {0}, which does not exist.', file), {
      hint: localize(
        'Correct the path. Without the key, the model uses the text encoder of BLIP, which may differ.',
      ),
    });
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UserError(
      localize('{0} (`med_config`) cannot be read: {1}.', file, messageOf(error)),
      {
        cause: error,
      },
    );
  }
}

/**
 * Parses and checks a BERT configuration in JSON. Never throws. Keys that do not describe the encoder (`architectures`,
 * `initializer_range` …) are ignored, as in BLIP's code. An unknown key is a warning, because BLIP's default replaces the
 * value of a misspelled key.
 */
export function checkMedConfig(text: string): CheckedMedConfig {
  const report = new Report(text);
  const config: MedConfig = { ...blipMedConfig };
  const entries = readJsonObject(text);
  if (!Array.isArray(entries)) {
    if (entries) report.add('syntax', '', entries.message, entries.range);
    else
      report.add(
        'not-a-mapping',
        '',
        localize("The file must contain one JSON object, as BLIP's med_config.json does."),
        [0, text.trimEnd().length],
      );
    return { config, problems: report.problems };
  }
  for (const entry of entries) readEntry(entry, entries, config, report);
  for (const issue of checkSizes(config)) report.addCrossIssue(issue, entries);
  return {
    config,
    problems: [...report.problems].sort((a, b) => a.range[0] - b.range[0]),
  };
}

function readEntry(
  { name, key, place, value }: JsonEntry,
  entries: readonly JsonEntry[],
  config: MedConfig,
  report: Report,
): void {
  if (isField(name)) {
    const result = checkValue(name, fields[name], value);
    if ('value' in result) config[name] = Number(result.value);
    else report.add(result.issue.code, name, result.issue.message, place);
    return;
  }
  if (!ignored || !Object.hasOwn(ignored, name)) {
    const meant = nearest(name, fieldNames);
    const text = localize('`{0}` is not a key of `{1}`.', name, 'med_config');
    const isFree = meant !== undefined && entries.every((each) => each.name !== meant);
    report.add(
      'unknown-key',
      name,
      isFree
        ? joinSentences(text, localize('Did you mean `{0}`?', meant))
        : joinSentences(text, localize('It has no effect.')),
      key,
      'warning',
    );
    return;
  }
  const only = ignored[name] ?? null;
  if (only === null || value === only || value === null) return;
  report.add(
    'not-one-of',
    name,
    localize('`{0}` is {1}: the model has {2} only.', name, formatValue(value), formatValue(only)),
    place,
  );
}

/** Collects problems with their positions. */
class Report {
  readonly problems: ConfigProblem[] = [];

  constructor(private readonly text: string) {}

  add(
    code: ConfigProblem['code'],
    key: string,
    message: MessageText,
    range: TextRange,
    severity: ConfigProblem['severity'] = 'error',
    suggestions: readonly Suggestion[] = [],
  ): void {
    const before = this.text.slice(0, range[0]).split('\n');
    const line = before.length;
    const column = (before.at(-1)?.length ?? 0) + 1;
    this.problems.push({
      severity,
      code,
      key,
      ...storedMessage(message),
      line,
      column,
      range,
      suggestions,
    });
  }

  /** Adds a problem between keys, unless one of them has a problem itself; shown at the first one in the file. */
  addCrossIssue(
    { code, keys, message, severity }: CrossIssue,
    entries: readonly JsonEntry[],
  ): void {
    const names = keys.map((key) => key.replace(/^med_config\./, ''));
    if (names.some((name) => this.problems.some(({ key }) => key === name))) return;
    const entry = names
      .map((name) => entries.findLast((each) => each.name === name))
      .find((each) => each !== undefined);
    if (entry) this.add(code, entry.name, message, entry.place, severity);
  }
}
