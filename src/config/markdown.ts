/** The documentation's tables of keys. */
import { inEnglish } from '../util/localize';
import { definition, groups, type Group, type KeyDefinition } from './definition';
import { describeDefault, describeRange } from './describe';

interface Row {
  name: string;
  key: KeyDefinition;
}

/** One table a group, fields of mappings below their key. */
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

/** A mapping that has no name or path in its place shows its fields' defaults instead of its own. */
const defaultOf = (key: KeyDefinition): string =>
  key.kind === 'mapping' && key.alternative === undefined
    ? 'see below'
    : inEnglish(describeDefault(key));

/** Fields share the remark of their key. */
const sameAsBlip = (name: string): string => (name.includes('.') ? '' : 'the same');

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** The whole of docs/configuration.md. */
export function configurationPage(): string {
  return `# Configuration: \`nlvr.yaml\`

<!-- Made by \`npm run generate\` from src/config/definition.ts. -->

A configuration is a YAML file named \`nlvr.yaml\` or \`*.nlvr.yaml\` (\`.yml\` too), or any YAML file whose first line is the comment \`# nlvr\`. BLIP's own \`configs/nlvr.yaml\` works unchanged. Every key may be left out. Relative paths start at the file's folder, annotation files at \`ann_root\`. \`~\`, \`$NAME\` and \`\${NAME}\` are expanded; a variable that is not set, \`%NAME%\`, \`~user\` and \`file:\` addresses are errors. A configuration of ALBEF, X-VLM, LAVIS or UNITER is converted by \`nlvr config convert FILE\` or a quick fix; what has no counterpart is listed. Values are YAML 1.2, as in BLIP: \`3e-5\` is a number, and only \`true\` and \`false\` are booleans.

On the command line \`--set key=value\` wins over the file; a dot reaches into a mapping: \`--set vit.depth=6\`. Paths in it start at the working folder, annotation files at \`ann_root\`. The configuration as used, every key of it, with absolute paths and the measures of the text encoder, lies in the run folder as \`config.yaml\` and can be used again.

## Keys

Keys of BLIP's own \`nlvr.yaml\` and command line stand first in each group. **Advanced** has keys for models that start from random weights, for the sample data set and for the interface.

${configurationTables()}

## Checks between keys

- \`image_size\` is a multiple of the patch size; \`vit.heads\` divides \`vit.width\`; \`med_config.num_attention_heads\` divides \`med_config.hidden_size\`.
- \`min_lr\` is not above \`init_lr\`.
- \`xla\` and gradient checkpointing (\`vit_grad_ckpt\` with \`vit_ckpt_layer\` above 0) exclude each other.
- \`early_stop\` needs a validation split; \`curriculum.epochs\` needs \`curriculum.ann_file\`.
- A hint says when a key has no effect, such as \`vit_grad_ckpt\` with \`vit_ckpt_layer: 0\`.

## In the editor

In VS Code a configuration has a form (**Open Form** in the editor's title) and, as text, diagnostics with quick fixes, hovers, completion and links. Where the Red Hat YAML extension validates the file against the schema, [nlvr.schema.json](../configs/nlvr.schema.json), only what a schema cannot say is reported in addition: checks between keys and missing files.
`;
}
