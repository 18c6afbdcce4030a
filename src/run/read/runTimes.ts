/** Times as other programs write them into `run.json`, made ISO 8601 in UTC. */

/** As Python's `datetime.now().isoformat()`: which zone it is of, it does not say. */
const zoneless = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/;
const timeKeys = ['created', 'started', 'ended', 'heartbeat'] as const;
/** Zones are whole quarters of an hour from UTC, at most 14 hours. */
const QUARTER_MS = 15 * 60_000;
const FURTHEST_MS = 14 * 3_600_000;

/** One time in UTC; undefined where it is none. Numbers are seconds since 1970. */
export function utcTime(value: unknown): string | undefined {
  const time =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : NaN;
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : undefined;
}

/**
 * Adds the zone to times that have none. The heartbeat was written when the file was, by which the zone is found;
 * where that is no zone (a copied folder), the times count as UTC.
 * @param written when `run.json` was written, milliseconds since 1970
 */
export function withZones(raw: Record<string, unknown>, written: number): Record<string, unknown> {
  const heartbeat = asUtc(raw.heartbeat);
  const apart = heartbeat === undefined ? 0 : written - heartbeat;
  const shift = Math.abs(apart) <= FURTHEST_MS ? Math.round(apart / QUARTER_MS) * QUARTER_MS : 0;
  const changed = timeKeys.flatMap((key) => {
    const time = asUtc(raw[key]);
    return time === undefined ? [] : [[key, new Date(time + shift).toISOString()] as const];
  });
  return { ...raw, ...Object.fromEntries(changed) };
}

/** A time without a zone as if it were of UTC; undefined for all others. */
function asUtc(value: unknown): number | undefined {
  const [, date, clock] = (typeof value === 'string' ? zoneless.exec(value) : null) ?? [];
  const time = date === undefined ? NaN : Date.parse(`${date}T${clock}Z`);
  return Number.isNaN(time) ? undefined : time;
}
