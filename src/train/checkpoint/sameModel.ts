import { join } from 'node:path';
import { openCheckpoint } from '../../model/checkpoint/openCheckpoint';
import { describeDifferences, modelDifferences, readOrigin } from '../../model/checkpointOrigin';
import type { NlvrModelConfig } from '../../model/config';
import type { RunFolder } from '../../run/runFolder';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { lastCheckpointOf } from './checkpoints';

/**
 * A run resumes with the model that it was started with. What shows in no shape, such as the number of heads, is compared
 * with what the last checkpoint says of itself; one that says nothing, of an earlier version, passes.
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
