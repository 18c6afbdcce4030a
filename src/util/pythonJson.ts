/**
 * Matches strings, which are kept because they may contain the same words, and the constants to replace. A string that is
 * not closed matches to the end of the text: a new attempt after each of its quotes would take quadratic time.
 */
const tokens = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON as Python's `json.dumps` writes it: `NaN`, `Infinity` and `-Infinity`, which are not valid JSON, become
 * null.
 * @throws {SyntaxError} when the text is otherwise invalid
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

/**
 * Parses a line of a file that has a JSON object in each. A line that cannot be one is not given to the parser: an
 * exception takes some microseconds, and a broken file may have a line in every other byte.
 * @returns undefined when it is not a JSON object
 */
export function parsePythonObject(line: string): object | undefined {
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    return parsePythonJson(text) as object;
  } catch {
    return undefined;
  }
}
