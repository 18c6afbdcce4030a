/** Converts the definition of the configuration keys to what the form shows. */
import { definition } from '../../config/definition';
import type { FieldKey, KeyDefinition } from '../../config/definitions/keyKinds';
import { describeDefault, describeRange } from '../../config/describe';
import { formatMessage } from '../../util/localize';
import type { FieldInfo, FieldKind } from '../../webview/config/messages';
import type { Translate } from './fixes';

/** All keys of the configuration; the fields of a mapping are nested in its key. */
export function fieldInfos(t: Translate): FieldInfo[] {
  return Object.entries<KeyDefinition>(definition).map(([name, key]) => fieldInfo(name, key, t));
}

function fieldInfo(name: string, key: KeyDefinition, t: Translate): FieldInfo {
  const isField = name.includes('.');
  const info: FieldInfo = {
    key: name,
    kind: kindOf(key),
    group: key.group,
    meaning: t(key.doc),
    defaultText: plain(formatMessage(describeDefault(key), t)),
    rangeText: plain(formatMessage(describeRange(key), t)),
  };
  const blip = key.blip ?? (isField ? undefined : t('the same'));
  if (blip !== undefined) info.blipText = t(blip);
  if (key.kind === 'enum') info.choices = [...key.values];
  if (key.kind === 'mapping') {
    info.fields = Object.entries<FieldKey>(key.fields).map(([field, each]) =>
      fieldInfo(`${name}.${field}`, each, t),
    );
    if (key.alternative?.kind === 'enum') info.choices = [...key.alternative.values];
    if (key.alternative?.kind === 'path') info.pathInstead = true;
    // The default of a whole mapping would be too long for one line.
    if (key.alternative === undefined) info.defaultText = '';
    info.rangeText = '';
  }
  return info;
}

/** Removes the Markdown code quotes. */
const plain = (text: string): string => text.replaceAll('`', '');

function kindOf(key: KeyDefinition): FieldKind {
  switch (key.kind) {
    case 'integer':
    case 'number':
      return 'number';
    case 'enum':
      return 'choice';
    case 'boolean':
    case 'path':
    case 'mapping':
      return key.kind;
  }
}
