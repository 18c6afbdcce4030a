import type { Config } from '../../config/definition';
import { isVisionParameter } from '../../model/parameters';

/** Names of the parameters that are trained and have optimizer moments. */
export function trainableParameters(
  { freeze_vit }: Pick<Config, 'freeze_vit'>,
  names: Iterable<string>,
): string[] {
  return [...names].filter((name) => !freeze_vit || !isVisionParameter(name));
}
