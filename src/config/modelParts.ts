/** Names the parts of the model, for messages about parameters that a checkpoint lacks. */
import { localize, type MessageValue, type MessageText } from '../util/localize';

const partNames = ['vision', 'text', 'cross-attention', 'head'] as const;

export type ModelPart = (typeof partNames)[number];

/** The number of parameters (tensors) of a part without trained values. */
export interface MissingPart {
  part: ModelPart;
  parameters: number;
}

function partOf(name: string): ModelPart {
  if (name.startsWith('visual_encoder.')) return 'vision';
  if (name.startsWith('cls_head.')) return 'head';
  return name.includes('.crossattention.') ? 'cross-attention' : 'text';
}

/** Counts parameters by part of the model. @param names BLIP's */
export function missingParts(names: readonly string[]): MissingPart[] {
  return partNames.flatMap((part) => {
    const parameters = names.filter((name) => partOf(name) === part).length;
    return parameters === 0 ? [] : [{ part, parameters }];
  });
}

/** Describes each part, such as "the classification head: 4 parameters". */
export function describeParts(parts: readonly MissingPart[]): MessageText[] {
  return parts.map(({ part, parameters }) => {
    const one = parameters === 1;
    switch (part) {
      case 'vision':
        return localize(
          one ? 'the vision transformer: {0} parameter' : 'the vision transformer: {0} parameters',
          parameters,
        );
      case 'text':
        return localize(
          one ? 'the text encoder: {0} parameter' : 'the text encoder: {0} parameters',
          parameters,
        );
      case 'cross-attention':
        return localize(
          one ? 'the cross-attention: {0} parameter' : 'the cross-attention: {0} parameters',
          parameters,
        );
      case 'head':
        return localize(
          one
            ? 'the classification head: {0} parameter'
            : 'the classification head: {0} parameters',
          parameters,
        );
    }
  });
}

/** The message in every output of an incomplete model. */
export function incompleteModel(parts: readonly MissingPart[]): MessageText {
  const listed: MessageValue = describeParts(parts);
  return localize('Incomplete model: random values were used for {0}.', listed);
}

/** Parses missing parts that were read from a file; undefined if there are none. */
export function missingPartsIn(value: unknown): MissingPart[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = value.flatMap((each: unknown): MissingPart[] => {
    if (typeof each !== 'object' || each === null) return [];
    const { part: name, parameters } = each as Partial<Record<keyof MissingPart, unknown>>;
    const part = partNames.find((known) => known === name);
    return part !== undefined && typeof parameters === 'number' ? [{ part, parameters }] : [];
  });
  return parts.length === 0 ? undefined : parts;
}
