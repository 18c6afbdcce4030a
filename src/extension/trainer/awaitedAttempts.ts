/** Attempts whose outcome a command of this window awaits and shows, so that there is no second notification. */
const awaited = new Set<string>();

/** Runs `work`, which awaits an attempt and shows its outcome. */
export async function whileAwaiting<T>(id: string, work: () => Promise<T>): Promise<T> {
  awaited.add(id);
  try {
    return await work();
  } finally {
    awaited.delete(id);
  }
}

export function isAwaited(id: string | undefined): boolean {
  return id !== undefined && awaited.has(id);
}
