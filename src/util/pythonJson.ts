/** Strings are matched to be passed over: they may hold the same words. */
/** One that is not closed is passed over to the end: looking again behind each of its quotes would take the square of its length. */
const tokens = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON as Python's `json.dumps` writes it: `NaN`, `Infinity` and `-Infinity`, which JSON does not have, become
 * null, as there is no number that they are.
 * @throws {SyntaxError} when it is not JSON apart from these
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(tokens, (token) => (token.startsWith('"') ? token : 'null'));
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
