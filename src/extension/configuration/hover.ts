/** Hovers over the keys of a configuration. */
import type { KeyDefinition } from '../../config/definitions/keyKinds';
import { describeDefault, describeRange } from '../../config/describe';
import { definitionOf } from '../../config/keys';
import type { ParsedConfig } from '../../config/parse';
import type { TextRange } from '../../config/problem';
import { formatMessage } from '../../util/localize';
import type { Translate } from './fixes';

export interface KeyHover {
  key: string;
  /** Markdown. */
  text: string;
  range: TextRange;
}

/** The hover at the offset of a key or its value. The fields of a mapping take precedence over the mapping. */
export function hoverAt(parsed: ParsedConfig, offset: number, t: Translate): KeyHover | undefined {
  const within = ([start, end]: TextRange): boolean => offset >= start && offset <= end;
  let best: KeyHover | undefined;
  for (const [key, places] of parsed.written) {
    const definition = definitionOf(key);
    if (definition === undefined) continue;
    for (const place of places) {
      const range = [place.key, place.value].find(within);
      if (range && (best === undefined || size(range) <= size(best.range)))
        best = { key, text: describe(key, definition, t), range };
    }
  }
  return best;
}

const size = ([start, end]: TextRange): number => end - start;

/** Describes a key in Markdown: meaning, default, values, and BLIP's value. */
export function describe(key: string, definition: KeyDefinition, t: Translate): string {
  const facts = [
    [t('Default'), formatMessage(describeDefault(definition), t)],
    [t('Values'), formatMessage(describeRange(definition), t)],
    [t('In BLIP'), inBlip(key, definition, t)],
  ];
  const lines = facts.filter(([, value]) => value !== undefined);
  return `**\`${key}\`** · ${t(definition.group)}\n\n${t(definition.doc)}\n\n${lines
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n')}`;
}

/** BLIP's value of a key. The fields of a mapping share the remark of their key. */
function inBlip(key: string, { blip }: KeyDefinition, t: Translate): string | undefined {
  if (blip !== undefined) return t(blip);
  return key.includes('.') ? undefined : t('the same');
}
