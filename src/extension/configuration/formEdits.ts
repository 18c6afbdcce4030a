/** Converts the input of the form to edits of the text. */
import type { KeyDefinition } from '../../config/definitions/keyKinds';
import { applyEdit, editConfig, type ConfigEdit, type EditValue } from '../../config/edit';
import { alternativeOf, definitionOf } from '../../config/keys';
import { readMedConfig } from '../../config/medConfig';
import { parseConfig } from '../../config/parse';
import type { ConfigProblem, ScalarValue } from '../../config/problem';
import { vitSize } from '../../config/vit';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

const numeral = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/**
 * Parses typed text as the value of a key. Text that does not fit the type is kept as text, so that the file has what
 * the user typed and the problem is reported.
 */
export function parseTypedValue(definition: KeyDefinition, text: string): ScalarValue {
  const field = definition.kind === 'mapping' ? alternativeOf(definition) : definition;
  const trimmed = text.trim();
  switch (field?.kind) {
    case 'integer':
    case 'number':
      return numeral.test(trimmed) ? Number(trimmed) : trimmed;
    case 'boolean':
      return trimmed === 'true' || trimmed === 'false' ? trimmed === 'true' : trimmed;
    case 'enum':
    case undefined:
      return trimmed;
    case 'path':
      return text;
  }
}

/** @throws {UserError} for an unknown key, which the form never sends */
function requireDefinition(key: string): KeyDefinition {
  const found = definitionOf(key);
  if (found === undefined)
    throw new UserError(localize('`{0}` is not a key of the configuration.', key));
  return found;
}

export function setEdit(key: string, text: string): ConfigEdit {
  return { kind: 'set', key, value: parseTypedValue(requireDefinition(key), text) };
}

export function resetEdit(key: string): ConfigEdit {
  requireDefinition(key);
  return { kind: 'remove', key };
}

/**
 * Replaces the name or path of `vit` or `med_config` by its fields, with the values in effect.
 * @throws {UserError} when the file of `med_config` cannot be read
 */
export function expandEdit(text: string, key: string, folder: string): ConfigEdit {
  const { config } = parseConfig(text);
  return { kind: 'set', key, value: currentFields() };

  function currentFields(): EditValue {
    if (key === 'vit') return { ...vitSize(config.vit) };
    if (key === 'med_config') return readMedConfig(config, folder);
    throw new UserError(localize('`{0}` has no name or path to replace.', key));
  }
}

/** The problems that a key would have with this value; the file is not changed. */
export function problemsWith(text: string, key: string, typed: string): readonly ConfigProblem[] {
  const after = applyEdit(text, editConfig(text, setEdit(key, typed)));
  return parseConfig(after).problems.filter((problem) => problem.key === key);
}
