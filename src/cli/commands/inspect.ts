import {
  describeInspection,
  inspectCheckpoint,
  inspectionJson,
  yamlFor,
} from '../../model/inspect';
import { locateWeights } from '../../model/loadWeights';
import { inEnglish } from '../../util/localize';
import { userPath } from '../userPath';

export interface InspectOptions {
  json?: boolean;
}

/** `nlvr inspect`: shows what a checkpoint contains and the configuration that fits it. */
export async function inspect(checkpoint: string, { json }: InspectOptions): Promise<void> {
  const found = await inspectCheckpoint(await locateWeights(userPath(checkpoint)));
  if (json) {
    process.stdout.write(`${JSON.stringify(inspectionJson(found))}\n`);
    return;
  }
  const lines = [found.file, ...describeInspection(found).map(inEnglish)];
  for (const { name, tensors, values } of found.parts)
    lines.push(`  ${name}: ${tensors} tensors, ${values.toLocaleString('en')} values`);
  const yaml = yamlFor(found.keys);
  if (yaml !== '') lines.push('', '# nlvr.yaml', yaml);
  process.stdout.write(`${lines.join('\n')}\n`);
}
