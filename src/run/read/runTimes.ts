/** Converts the times that other programs write to `run.json` to ISO 8601 in UTC. */

/** A time without a time zone, such as Python's `datetime.now().isoformat()`. */
const zoneless = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/;
const timeKeys = ['created', 'started', 'ended', 'heartbeat'] as const;
/** Offsets of time zones are multiples of 15 minutes, at most 14 hours. */
const QUARTER_MS = 15 * 60_000;
const MAX_OFFSET_MS = 14 * 3_600_000;

/** Converts a time to UTC; undefined if it is invalid. Numbers are seconds since 1970. */
export function utcTime(value: unknown): string | undefined {
  const time =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : NaN;
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : undefined;
}

/**
 * Adds the time zone to times without one. The difference between the heartbeat and the modification time of the file is the
 * offset; if it is not a valid offset (a copied folder), the times count as UTC.
 * @param written modification time of `run.json`, milliseconds since 1970
 */
export function addTimeZones(
  raw: Record<string, unknown>,
  written: number,
): Record<string, unknown> {
  const heartbeat = asUtc(raw.heartbeat);
  const difference = heartbeat === undefined ? 0 : written - heartbeat;
  const shift =
    Math.abs(difference) <= MAX_OFFSET_MS ? Math.round(difference / QUARTER_MS) * QUARTER_MS : 0;
  const changed = timeKeys.flatMap((key) => {
    const time = asUtc(raw[key]);
    return time === undefined ? [] : [[key, new Date(time + shift).toISOString()] as const];
  });
  return { ...raw, ...Object.fromEntries(changed) };
}

/** Parses a time without a time zone as UTC; undefined for other times. */
function asUtc(value: unknown): number | undefined {
  const [, date, clock] = (typeof value === 'string' ? zoneless.exec(value) : null) ?? [];
  const time = date === undefined ? NaN : Date.parse(`${date}T${clock}Z`);
  return Number.isNaN(time) ? undefined : time;
}
