import { join } from 'node:path';
import { openCheckpoint } from '../../model/checkpoint/openCheckpoint';
import { describeDifferences, modelDifferences, readOrigin } from '../../model/checkpointOrigin';
import type { NlvrModelConfig } from '../../model/config';
import type { RunFolder } from '../../run/runFolder';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { lastCheckpointOf } from './checkpoints';

/**
 * Checks that a run resumes with the model that it was started with. Values that no shape shows, such as the number of heads,
 * are compared with the metadata of the last checkpoint; checkpoints of earlier versions have none and pass.
 * @throws {UserError} naming the keys with both values.
 */
export async function requireSameModel(folder: RunFolder, model: NlvrModelConfig): Promise<void> {
  const last = lastCheckpointOf(folder);
  if (last === undefined) return;
  const checkpoint = await openCheckpoint(join(last, 'model.safetensors'));
  await checkpoint.close();
  const differences = modelDifferences(readOrigin(checkpoint.metadata), model);
  if (differences.length === 0) return;
  throw new UserError(
    localize(
      'The run in {0} trains another model, with {1}, and cannot be resumed. It was not changed.',
      folder.root,
      describeDifferences(differences),
    ),
    {
      hint: localize(
        'Resume with its original values ({0}), or start a new run from its weights: pretrained: {1}.',
        folder.config,
        folder.root,
      ),
    },
  );
}
