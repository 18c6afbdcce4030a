/** Quick fixes: a problem's suggestions as splices of the text. */
import { yamlText } from '../../config/describe';
import { editConfig, type ConfigEdit, type TextEdit } from '../../config/edit';
import { definitionOf } from '../../config/keys';
import type { ConfigProblem, Suggestion } from '../../config/problem';

/** `vscode.l10n.t`, or what stands in for it in a test. */
export type Translate = (text: string, ...values: string[]) => string;

export interface Fix {
  title: string;
  edit: TextEdit;
  /** Safe to apply without reading. */
  preferred: boolean;
}

/** The fixes of one problem, best first; none where the text can only be edited by a person. */
export function fixesFor(text: string, problem: ConfigProblem, t: Translate): Fix[] {
  return problem.suggestions.flatMap((suggestion, index) => {
    const edit = editOf(text, asEdit(suggestion, problem));
    if (edit === undefined) return [];
    return [{ title: title(suggestion, problem, t), edit, preferred: index === 0 }];
  });
}

function asEdit(suggestion: Suggestion, { key, code, range }: ConfigProblem): ConfigEdit {
  switch (suggestion.kind) {
    case 'set':
      return suggestion;
    case 'rename':
      return { kind: 'rename', key, to: suggestion.to, at: range[0] };
    case 'remove':
      // Of a key that is set twice the marked one goes; for other problems the mark may be at the value.
      return { kind: 'remove', key, ...(code === 'duplicate-key' && { at: range[0] }) };
  }
}

function editOf(text: string, edit: ConfigEdit): TextEdit | undefined {
  try {
    return editConfig(text, edit);
  } catch {
    // Broken elsewhere, or written in a way that only a person should touch: there is no quick fix.
    return undefined;
  }
}

function title(suggestion: Suggestion, { key }: ConfigProblem, t: Translate): string {
  switch (suggestion.kind) {
    case 'rename':
      return t('Rename to `{0}`', suggestion.to);
    case 'remove':
      return t('Remove `{0}`', key);
    case 'set':
      if (suggestion.key === key && suggestion.value === defaultOf(key))
        return t('Reset to Default ({0})', yamlText(suggestion.value) || "''");
      return suggestion.key === key
        ? t('Change to {0}', yamlText(suggestion.value) || "''")
        : t('Set `{0}` to {1}', suggestion.key, yamlText(suggestion.value) || "''");
  }
}

function defaultOf(key: string): unknown {
  const known = definitionOf(key);
  return known?.kind === 'mapping' ? undefined : known?.default;
}
