import type { CheckProblem } from './checkReport';

/**
 * Stores the problems of several configurations by file. Each check replaces only the problems of its configuration, even
 * if configurations share files.
 */
export class DiagnosticsStore {
  private readonly byConfiguration = new Map<string, Map<string, CheckProblem[]>>();

  /**
   * Replaces the problems of a configuration.
   * @param configuration its file, to which problems without a file belong
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

  /** The problems of a file without duplicates. */
  of(file: string): CheckProblem[] {
    const all = [...this.byConfiguration.values()].flatMap((byFile) => byFile.get(file) ?? []);
    return [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()];
  }

  /** Removes the problems of a changed file. */
  forget(file: string): void {
    for (const byFile of this.byConfiguration.values()) byFile.delete(file);
  }
}
