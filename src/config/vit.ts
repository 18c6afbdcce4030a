import type { Config } from './definition';
import type { VitName, VitSize } from './definitions/model';

/** The named sizes: BLIP's two (`models/blip.py`, `create_vit`), and DeiT's small ones. */
const vitSizes: Readonly<Record<VitName, VitSize>> = {
  base: { width: 768, depth: 12, heads: 12, patch_size: 16 },
  large: { width: 1024, depth: 24, heads: 16, patch_size: 16 },
  tiny: { width: 192, depth: 12, heads: 3, patch_size: 16 },
  small: { width: 384, depth: 12, heads: 6, patch_size: 16 },
};

/** Whether a value is the name of a size. */
export function isVitName(value: unknown): value is VitName {
  return typeof value === 'string' && Object.hasOwn(vitSizes, value);
}

/** The size for a value of `vit`, which is a name or a mapping. */
export function vitSize(vit: Config['vit']): VitSize {
  return typeof vit === 'string' ? vitSizes[vit] : vit;
}

/** The name of a size; undefined if it has none. */
export function namedVit(size: VitSize): VitName | undefined {
  return (Object.keys(vitSizes) as VitName[]).find((name) => {
    const known = vitSizes[name];
    return (Object.keys(known) as (keyof VitSize)[]).every((key) => known[key] === size[key]);
  });
}
