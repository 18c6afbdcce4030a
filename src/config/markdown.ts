/** Generates docs/configuration.md from the definition. */
import { inEnglish } from '../util/localize';
import { definition } from './definition';
import { groups, type Group, type KeyDefinition } from './definitions/keyKinds';
import { describeDefault, describeRange } from './describe';

interface Row {
  name: string;
  key: KeyDefinition;
}

/** One table per group, with the fields of mappings below their key. */
function configurationTables(): string {
  return groups.map((group) => `### ${group}\n\n${table(group)}`).join('\n\n');
}

function table(group: Group): string {
  const rows = Object.entries<KeyDefinition>(definition)
    .filter(([, key]) => key.group === group)
    .flatMap(([name, key]): Row[] => [{ name, key }, ...fieldRows(name, key)]);
  return [
    '| key | meaning | default | values | in BLIP |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(({ name, key }) =>
      line([
        `\`${name}\``,
        key.doc,
        defaultOf(key),
        inEnglish(describeRange(key)),
        key.blip ?? sameAsBlip(name),
      ]),
    ),
  ].join('\n');
}

function fieldRows(parent: string, key: KeyDefinition): Row[] {
  if (key.kind !== 'mapping') return [];
  return Object.entries<KeyDefinition>(key.fields).map(([name, field]) => ({
    name: `${parent}.${name}`,
    key: field,
  }));
}

/** A mapping without an alternative shows the defaults of its fields instead of its own. */
const defaultOf = (key: KeyDefinition): string =>
  key.kind === 'mapping' && key.alternative === undefined
    ? 'see below'
    : inEnglish(describeDefault(key));

/** Fields share the note of their key. */
const sameAsBlip = (name: string): string => (name.includes('.') ? '' : 'the same');

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** The complete text of docs/configuration.md. */
export function configurationPage(): string {
  return `# Configuration: \`nlvr.yaml\`

<!-- Made by \`npm run generate\` from src/config/definitions. -->

A configuration is a YAML file named \`nlvr.yaml\` or \`*.nlvr.yaml\` (\`.yml\` too), or any YAML file whose first line is the comment \`# nlvr\`. BLIP's own \`configs/nlvr.yaml\` works unchanged. Every key is optional. Relative paths start at the file's folder, annotation files at \`ann_root\`. \`~\`, \`$NAME\` and \`\${NAME}\` are expanded; a variable that is not set, \`%NAME%\`, \`~user\` and \`file:\` addresses are errors. \`nlvr config convert FILE\` or a quick fix converts a configuration of ALBEF, X-VLM, LAVIS or UNITER, and lists keys without a counterpart. Values are YAML 1.2, as in BLIP: \`3e-5\` is a number, and only \`true\` and \`false\` are booleans.

On the command line, \`--set key=value\` overrides the file; use a dot for a field of a mapping: \`--set vit.depth=6\`. Its paths start at the working folder, annotation files at \`ann_root\`. The run folder contains the configuration as used in \`config.yaml\`, with every key, absolute paths and the sizes of the text encoder. This file can be used again.

## Keys

In each group, the keys of BLIP's own \`nlvr.yaml\` and command line come first. **Advanced** has keys for models that start from random weights, for the sample data set and for the interface.

${configurationTables()}

## Checks between keys

- \`image_size\` is a multiple of the patch size; \`vit.heads\` divides \`vit.width\`; \`med_config.num_attention_heads\` divides \`med_config.hidden_size\`.
- \`min_lr\` is not above \`init_lr\`.
- \`xla\` and gradient checkpointing (\`vit_grad_ckpt\` with \`vit_ckpt_layer\` above 0) cannot be combined.
- \`early_stop\` needs a validation split; \`curriculum.epochs\` needs \`curriculum.ann_file\`.
- A message reports keys that have no effect, such as \`vit_grad_ckpt\` with \`vit_ckpt_layer: 0\`.

## In the editor

In VS Code a configuration has a form (**Open Form** in the editor's title) and, as text, diagnostics with quick fixes, hovers, completion and links. If the Red Hat YAML extension validates the file against the schema, [nlvr.schema.json](../configs/nlvr.schema.json), only problems that a schema cannot express are reported in addition: checks between keys and missing files.
`;
}
