import type { Session } from '../../runtime/session';
import { collectGarbage } from '../../util/collectGarbage';

const GROUP_BYTES = 64 * 1024 * 1024;

/** Assigns values to variables in groups, as they are read: with few runs, and without all values in memory. */
export async function assignValues(
  session: Session,
  values:
    AsyncIterable<readonly [string, Float32Array]> | Iterable<readonly [string, Float32Array]>,
): Promise<void> {
  let group: (readonly [string, Float32Array])[] = [];
  let bytes = 0;
  for await (const entry of values) {
    group.push(entry);
    bytes += entry[1].byteLength;
    if (bytes < GROUP_BYTES) continue;
    await session.assign(group);
    group = [];
    bytes = 0;
  }
  if (group.length > 0) await session.assign(group);
  group = [];
  collectGarbage();
}
