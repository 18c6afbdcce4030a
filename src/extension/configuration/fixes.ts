/** Quick fixes: the suggestions of a problem as text edits. */
import { yamlText } from '../../config/describe';
import { editConfig, type ConfigEdit, type TextEdit } from '../../config/edit';
import { definitionOf } from '../../config/keys';
import type { ConfigProblem, Suggestion } from '../../config/problem';

/** The type of `vscode.l10n.t` with string arguments. */
export type Translate = (text: string, ...values: string[]) => string;

export interface Fix {
  title: string;
  edit: TextEdit;
  /** The default fix, as in `CodeAction.isPreferred`. */
  preferred: boolean;
}

/** The fixes of one problem, best first; none if the text cannot be edited automatically. */
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
      // For a duplicate key, removes the marked one; the range of other problems may be that of the value.
      return { kind: 'remove', key, ...(code === 'duplicate-key' && { at: range[0] }) };
  }
}

function editOf(text: string, edit: ConfigEdit): TextEdit | undefined {
  try {
    return editConfig(text, edit);
  } catch {
    // The text does not parse, or has a form that is not edited automatically: there is no quick fix.
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
