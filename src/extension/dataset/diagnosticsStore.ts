import type { CheckProblem } from './checkReport';

/**
 * What the checks of several configurations found, by the file that it is about: one configuration's check says
 * nothing of another's problems, also where both use a file.
 */
export class DiagnosticsStore {
  private readonly byConfiguration = new Map<string, Map<string, CheckProblem[]>>();

  /**
   * Replaces what was found for a configuration.
   * @param configuration its file, which the problems without a file of their own are about
   * @returns the files whose problems may have changed
   */
  replace(configuration: string, problems: readonly CheckProblem[]): string[] {
    const before = this.byConfiguration.get(configuration)?.keys() ?? [];
    const byFile = new Map<string, CheckProblem[]>();
    for (const problem of problems) {
      const file = problem.file || configuration;
      const list = byFile.get(file);
      if (list) list.push(problem);
      else byFile.set(file, [problem]);
    }
    this.byConfiguration.set(configuration, byFile);
    return [...new Set([...before, ...byFile.keys()])];
  }

  /** The problems of a file, each once. */
  of(file: string): CheckProblem[] {
    const all = [...this.byConfiguration.values()].flatMap((byFile) => byFile.get(file) ?? []);
    return [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()];
  }

  /** Forgets a file that was changed. */
  forget(file: string): void {
    for (const byFile of this.byConfiguration.values()) byFile.delete(file);
  }
}
