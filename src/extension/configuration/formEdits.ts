/** What a user types or chooses in the form, as edits of the text. */
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
 * The value that typed text stands for in a key: a number where one is expected and typed. What does not
 * fit is kept as text, so that the file has what the user typed and the problem is reported.
 */
export function typedValue(known: KeyDefinition, text: string): ScalarValue {
  const field = known.kind === 'mapping' ? alternativeOf(known) : known;
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

/** @throws {UserError} for a key that is not one: the form never asks for it */
function known(key: string): KeyDefinition {
  const found = definitionOf(key);
  if (found === undefined)
    throw new UserError(localize('`{0}` is not a key of the configuration.', key));
  return found;
}

export function setEdit(key: string, text: string): ConfigEdit {
  return { kind: 'set', key, value: typedValue(known(key), text) };
}

export function resetEdit(key: string): ConfigEdit {
  known(key);
  return { kind: 'remove', key };
}

/**
 * Writes the fields of `vit` or `med_config` in place of a name or path, with the values that count now.
 * @throws {UserError} when the file of `med_config` cannot be read
 */
export function expandEdit(text: string, key: string, folder: string): ConfigEdit {
  const { config } = parseConfig(text);
  return { kind: 'set', key, value: fieldsBehind() };

  function fieldsBehind(): EditValue {
    if (key === 'vit') return { ...vitSize(config.vit) };
    if (key === 'med_config') return readMedConfig(config, folder);
    throw new UserError(localize('`{0}` has no name or path to replace.', key));
  }
}

/** The problems that a key would have with this text in it; the text of the file stays as it is. */
export function problemsWith(text: string, key: string, typed: string): readonly ConfigProblem[] {
  const after = applyEdit(text, editConfig(text, setEdit(key, typed)));
  return parseConfig(after).problems.filter((problem) => problem.key === key);
}
