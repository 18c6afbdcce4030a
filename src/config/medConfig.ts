/** The text encoder's configuration, from BLIP's `med_config.json`, a file like it, or a mapping. */
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
import { checkLength, checkMeasures } from './textEncoderChecks';

const { fields, ignored } = definition.med_config;
const fieldNames = Object.keys(fields) as (keyof MedConfig)[];
const isField = (name: string): name is keyof MedConfig => Object.hasOwn(fields, name);

/** BLIP's own `configs/med_config.json`: BERT base with the cross-attention's width. */
export const blipMedConfig: Readonly<MedConfig> = Object.fromEntries(
  fieldNames.map((name) => [name, fields[name].default]),
  // Every field of the definition is there with its own default.
) as MedConfig;

/** A file with the text encoder's measures, checked. */
export interface CheckedMedConfig {
  /** Complete: what is missing or wrong in the file has BLIP's value. */
  config: MedConfig;
  /** With their places in the file, in the order of the text. */
  problems: readonly ConfigProblem[];
}

/** A file that `med_config` names. */
export interface MedConfigFile extends CheckedMedConfig {
  /** Absolute. */
  file: string;
}

/**
 * The text encoder's measures.
 * `encoder_width` is what the file says; the model sets it from `vit`, as BLIP does.
 * @param folder of the configuration file, for a relative path
 * @throws {UserError} when the file is missing, is no JSON object, holds a value out of range or one that does not fit
 *   the others, the tokenizer or `max_words`. A mapping is the configuration's own, and checked with it.
 */
export function readMedConfig(
  config: Pick<Config, 'med_config' | 'max_words'>,
  folder: string,
): MedConfig {
  if (typeof config.med_config !== 'string') return config.med_config;
  const found = readMedConfigFile(config, folder);
  if (found) requireSound(found.problems, found.file);
  const med = found ? found.config : { ...blipMedConfig };
  const [tooLong] = checkLength(med, config.max_words);
  if (!tooLong) return med;
  throw new UserError(found ? localize('{0}: {1}', found.file, tooLong.message) : tooLong.message);
}

/**
 * The file behind `med_config`, with what is wrong in it; undefined where there is none.
 * @throws {UserError} when it is missing or cannot be read
 */
export function readMedConfigFile(
  { med_config: value }: Pick<Config, 'med_config'>,
  folder: string,
): MedConfigFile | undefined {
  const file = typeof value === 'string' ? medConfigPath(value, folder) : undefined;
  return file === undefined ? undefined : { file, ...checkMedConfig(readText(file)) };
}

function requireSound(problems: readonly ConfigProblem[], file: string): void {
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
 * Reads and checks a BERT configuration in JSON. Never throws. Keys that do not describe the encoder (`architectures`,
 * `initializer_range` …) are passed over, as BLIP's code does; one that is not known at all is a warning, because BLIP's
 * value takes the place of a misspelt one.
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
  for (const issue of checkMeasures(config)) report.between(issue, entries);
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
    const says = localize('`{0}` is not a key of `{1}`.', name, 'med_config');
    const isFree = meant !== undefined && entries.every((each) => each.name !== meant);
    report.add(
      'unknown-key',
      name,
      isFree
        ? joinSentences(says, localize('Did you mean `{0}`?', meant))
        : joinSentences(says, localize('It has no effect.')),
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

/** Collects problems with their places. */
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

  /** A problem between keys, where each of them by itself is right: at the first one that is written. */
  between({ code, keys, message, severity }: CrossIssue, entries: readonly JsonEntry[]): void {
    const names = keys.map((key) => key.replace(/^med_config\./, ''));
    if (names.some((name) => this.problems.some(({ key }) => key === name))) return;
    const entry = names
      .map((name) => entries.findLast((each) => each.name === name))
      .find((each) => each !== undefined);
    if (entry) this.add(code, entry.name, message, entry.place, severity);
  }
}
