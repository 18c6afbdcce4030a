export { differingKeys, flatten, type FlatConfig } from '../../config/flat';
export { readFlatConfig } from '../../run/runConfig';
