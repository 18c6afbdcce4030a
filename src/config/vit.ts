import type { Config } from './definition';
import type { VitName, VitSize } from './definitions/model';

/** The sizes that have a name: BLIP's two (`models/blip.py`, `create_vit`), and DeiT's small ones. */
const vitSizes: Readonly<Record<VitName, VitSize>> = {
  base: { width: 768, depth: 12, heads: 12, patch_size: 16 },
  large: { width: 1024, depth: 24, heads: 16, patch_size: 16 },
  tiny: { width: 192, depth: 12, heads: 3, patch_size: 16 },
  small: { width: 384, depth: 12, heads: 6, patch_size: 16 },
};

/** True for the name of a size. */
export function isVitName(value: unknown): value is VitName {
  return typeof value === 'string' && Object.hasOwn(vitSizes, value);
}

/** The measures behind `vit`, whether it is a name or a mapping. */
export function vitSize(vit: Config['vit']): VitSize {
  return typeof vit === 'string' ? vitSizes[vit] : vit;
}

/** The name of a size, when it has one. */
export function namedVit(size: VitSize): VitName | undefined {
  return (Object.keys(vitSizes) as VitName[]).find((name) => {
    const known = vitSizes[name];
    return (Object.keys(known) as (keyof VitSize)[]).every((key) => known[key] === size[key]);
  });
}
