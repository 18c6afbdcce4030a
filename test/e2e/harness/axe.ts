import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResults {
  violations: {
    id: string;
    impact: string | null;
    help: string;
    nodes: { target: unknown[]; failureSummary?: string }[];
  }[];
}

/**
 * Finds serious and critical accessibility problems of a webview with axe-core, one readable line each.
 * The debugger evaluates the script, so the webview's content security policy does not apply to it.
 */
export async function accessibilityProblems(frame: Frame): Promise<string[]> {
  await frame.evaluate(source);
  const results = await frame.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return results.violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .flatMap((violation) =>
      violation.nodes.map(
        (node) =>
          `${violation.id} (${violation.impact}): ${violation.help} — ${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`,
      ),
    );
}
