/** The text encoder's configuration, from BLIP's `med_config.json`, a file like it, or a mapping. */
import { existsSync, readFileSync } from 'node:fs';
import { phrase, sentences } from '../util/phrase';
import { UserError, messageOf } from '../util/userError';
import { checkValue } from './check';
import { definition, type Config, type MedConfig } from './definition';
import { medConfigPath } from './paths';
import { checkTextEncoder } from './textEncoderChecks';

const fields = Object.entries(definition.med_config.fields);

/** BLIP's own `configs/med_config.json`: BERT base with the cross-attention's width. */
export const blipMedConfig: Readonly<MedConfig> = Object.fromEntries(
  fields.map(([name, field]) => [name, field.default]),
  // Every field of the definition is there with its own default.
) as MedConfig;

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
  const file = medConfigPath(config.med_config, folder);
  const med = file === undefined ? { ...blipMedConfig } : parseMedConfig(readText(file), file);
  const [first, ...others] = checkTextEncoder(med, config.max_words).map(({ message }) => message);
  if (first === undefined) return med;
  const says = sentences(first, ...others);
  throw new UserError(file === undefined ? says : phrase('{0}: {1}', file, says));
}

function readText(file: string): string {
  if (!existsSync(file))
    throw new UserError(phrase('`med_config` names {0}, which does not exist.', file), {
      hint: phrase(
        "Correct the path. Without the key the model has BLIP's own text encoder, which may be another one.",
      ),
    });
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(phrase('{0} (`med_config`) cannot be read: {1}.', file, messageOf(error)), {
      cause: error,
    });
  }
}

/**
 * Reads a BERT configuration in JSON. Keys that do not describe the encoder (`architectures`,
 * `initializer_range` …) are passed over, as BLIP's code does.
 * @throws {UserError} naming file, key and range of a single value
 */
export function parseMedConfig(text: string, file: string): MedConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(phrase('{0} is not valid JSON: {1}.', file, messageOf(error)), {
      cause: error,
    });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UserError(
      phrase("{0} must hold one JSON object, as BLIP's med_config.json does.", file),
    );
  const given = new Map<string, unknown>(Object.entries(json));
  const act = given.get('hidden_act') ?? 'gelu';
  if (act !== 'gelu')
    throw new UserError(
      phrase(
        '{0}: `hidden_act` is {1}; BLIP\'s text encoder has "gelu" only.',
        file,
        JSON.stringify(act),
      ),
    );
  const measures: MedConfig = { ...blipMedConfig };
  for (const [name, field] of fields) {
    if (!given.has(name)) continue;
    const result = checkValue(name, field, given.get(name));
    if ('issue' in result) throw new UserError(phrase('{0}: {1}', file, result.issue.message));
    if (typeof result.value === 'number') measures[name as keyof MedConfig] = result.value;
  }
  return measures;
}
