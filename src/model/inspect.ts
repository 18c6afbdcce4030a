/** Describes a checkpoint, for `nlvr inspect` and for the hover and the code action on `pretrained`. */
import { definition } from '../config/definition';
import { blipMedConfig } from '../config/medConfig';
import { yamlText } from '../config/describe';
import { inEnglish, localize, type MessageText } from '../util/localize';
import { architectureOf, keysFor, type Architecture, type ArchitectureKeys } from './architecture';
import type { CheckpointFile } from './checkpoint/checkpointFile';
import { elementCount } from './checkpoint/elementTypes';
import { openCheckpoint } from './checkpoint/openCheckpoint';
import { modelConfig, type NlvrModelConfig } from './config';
import { isExpectedMissing, matchNames } from './loadRules';
import { parameterShapes } from './parameters';

export interface Inspection {
  file: string;
  format: CheckpointFile['format'];
  architecture: Architecture;
  /** Number of tensors and values by the first part of their names, in the file's order. */
  parts: { name: string; tensors: number; values: number }[];
  tensors: number;
  values: number;
  /** Number of tensors by element type. */
  types: Record<string, number>;
  /** How the weights were found in the file. */
  notes: readonly MessageText[];
  /** Keys of the NLVR model of this architecture that the file lacks; undefined if a whole part is missing. */
  missing: { expected: string[]; unexpected: string[] } | undefined;
  /** Values of `vit` and `med_config` that fit the checkpoint. */
  keys: ArchitectureKeys;
}

/**
 * Describes a checkpoint without reading its values.
 * @param path a file; use `locateWeights` for a folder or an address
 * @throws {UserError} when it is not a checkpoint.
 */
export async function inspectCheckpoint(path: string): Promise<Inspection> {
  const file = await openCheckpoint(path);
  try {
    return inspect(file);
  } finally {
    await file.close();
  }
}

/** As `inspectCheckpoint`, for an open file. */
export function inspect({
  path,
  format,
  tensors,
  notes,
}: Omit<CheckpointFile, 'read' | 'close'>): Inspection {
  const architecture = architectureOf(tensors);
  const parts = new Map<string, { tensors: number; values: number }>();
  const types: Record<string, number> = {};
  let values = 0;
  for (const [name, { shape, type }] of tensors) {
    const part = name.split('.', 1)[0];
    const count = elementCount(shape);
    const known = parts.get(part) ?? { tensors: 0, values: 0 };
    parts.set(part, { tensors: known.tensors + 1, values: known.values + count });
    types[type] = (types[type] ?? 0) + 1;
    values += count;
  }
  const keys = keysFor(architecture);
  return {
    file: path,
    format,
    architecture,
    parts: [...parts].map(([name, counts]) => ({ name, ...counts })),
    tensors: tensors.size,
    values,
    types,
    notes,
    missing: missingOf(tensors, architecture, keys),
    keys,
  };
}

function missingOf(
  tensors: CheckpointFile['tensors'],
  architecture: Architecture,
  keys: ArchitectureKeys,
): Inspection['missing'] {
  const config = configFor(architecture, keys);
  if (!config) return undefined;
  const shapes = parameterShapes(config);
  const { available } = matchNames(tensors.keys(), shapes);
  const missing = [...shapes.keys()].filter((name) => !available.has(name));
  return {
    expected: missing.filter((name) => isExpectedMissing(name, architecture.isNlvr)),
    unexpected: missing.filter((name) => !isExpectedMissing(name, architecture.isNlvr)),
  };
}

/** The model that fits a checkpoint; undefined if a part of it is missing. */
function configFor(
  { vision }: Architecture,
  { vit, med_config: med }: ArchitectureKeys,
): NlvrModelConfig | undefined {
  if (!vision || vit === undefined || med === undefined) return undefined;
  return modelConfig(
    {
      image_size: vision.imageSize ?? vision.patchSize,
      vit,
      med_config: med,
      vit_grad_ckpt: false,
      vit_ckpt_layer: 0,
      drop_path_rate: definition.drop_path_rate.default,
    },
    typeof med === 'string' ? blipMedConfig : med,
  );
}

const number = (value: number): string => value.toLocaleString('en');

/** Describes a checkpoint in several sentences. */
export function describeInspection(found: Inspection): MessageText[] {
  const { architecture, types, missing, notes } = found;
  const { vision, text } = architecture;
  const lines: MessageText[] = [
    localize(
      'It is {0}: {1} tensors with {2} values ({3}).',
      architecture.kind,
      number(found.tensors),
      number(found.values),
      Object.entries(types).map(([type, count]) => `${type} × ${count}`),
    ),
    ...notes,
  ];
  if (vision)
    lines.push(
      localize(
        'Vision transformer: width {0}, depth {1}, patch size {2}, image size {3}.',
        vision.width,
        vision.depth,
        vision.patchSize,
        vision.imageSize ?? localize('unknown'),
      ),
    );
  if (text)
    lines.push(
      localize(
        'Text encoder: width {0}, layers {1}, intermediate width {2}, vocabulary {3}, positions {4}.',
        text.width,
        text.layers,
        text.intermediateWidth,
        text.vocabularySize,
        text.maxPositions,
      ),
    );
  if (vision || text)
    lines.push(
      localize(
        'The number of attention heads cannot be read from a checkpoint; the usual number is {0} (64 values per head).',
        [vision?.usualHeads, text?.usualHeads].filter((heads) => heads !== undefined),
      ),
    );
  if (!vision || !text)
    lines.push(
      localize('It cannot be used for NLVR as it is: {0}.', [
        ...(vision ? [] : [localize('the vision transformer (visual_encoder) is missing')]),
        ...(text ? [] : [localize('the text encoder (text_encoder) is missing')]),
      ]),
    );
  if (missing && missing.expected.length > 0)
    lines.push(
      localize(
        'Missing, as expected before fine-tuning for NLVR, and randomly initialized: {0}.',
        groupsOf(missing.expected),
      ),
    );
  if (missing && missing.unexpected.length > 0)
    lines.push(localize('Unexpectedly missing: {0}.', groupsOf(missing.unexpected)));
  if (missing && missing.expected.length + missing.unexpected.length === 0)
    lines.push(localize('Nothing is missing for NLVR.'));
  return lines;
}

/** Groups names that differ only by numbers, which are replaced by `*`, with the count of each group. */
function groupsOf(names: readonly string[]): MessageText[] {
  const groups = new Map<string, number>();
  for (const name of names) {
    const group = name.replace(/\.\d+\./, '.*.').replace(/\.(?:weight|bias)$/, '');
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return [...groups].map(([group, count]) => localize('{0} ({1})', group, count));
}

/** The lines of `nlvr.yaml` that fit a checkpoint; empty if no part is BLIP's. */
export function yamlFor({ vit, med_config: med }: ArchitectureKeys): string {
  return [
    ...(vit === undefined ? [] : [yamlEntry('vit', vit)]),
    ...(med === undefined ? [] : [yamlEntry('med_config', med)]),
  ].join('\n');
}

function yamlEntry(key: string, value: string | object): string {
  if (typeof value === 'string') return `${key}: ${value}`;
  return [
    `${key}:`,
    ...Object.entries(value).map(
      ([name, each]: [string, number]) => `  ${name}: ${yamlText(each)}`,
    ),
  ].join('\n');
}

/** The description as a JSON object, for `--json`. */
export function inspectionJson(found: Inspection): object {
  const { architecture, notes, keys, ...rest } = found;
  const { kind, vision, text } = architecture;
  return {
    ...rest,
    kind: inEnglish(kind),
    notes: notes.map(inEnglish),
    ...(vision && { vision }),
    ...(text && { text }),
    configuration: keys,
  };
}
