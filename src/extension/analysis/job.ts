import { Worker } from 'node:worker_threads';
import type { DynamicsColumns, ExampleColumns, SliceRows } from '../../analysis/analysisColumns';
import type { AnalysisMessage } from '../../analysis/analysisWorker';
import type { Analysis, AnalyzeRequest } from '../../analysis/analyze';
import { assetPath } from '../../util/assets';
import { localized, localizedAdvice } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/** Message that an analysis requires a trusted workspace. */
export const restrictedModeMessage = localize(
  'Analyze Predictions uses patterns and files from the workspace, which requires a trusted workspace.',
);

/** Why an analysis failed, in the display language. `defect` is the stack trace for the log. */
export interface AnalysisFailure {
  message: string;
  hint?: string;
  defect?: string;
}

/** One analysis in a worker thread, with the results received so far. */
export class AnalysisJob {
  /** Progress, 0 to 1. */
  progress = 0;
  analysis: Analysis | null = null;
  /** Whether `analysis` is final. */
  complete = false;
  examples: ExampleColumns | null = null;
  slices: SliceRows[] = [];
  /** undefined until computed; null for fewer than two epochs. */
  dynamics: DynamicsColumns | null | undefined;
  failure: AnalysisFailure | null = null;
  private readonly listeners = new Set<(news: AnalysisMessage['type']) => void>();
  private readonly worker: Worker;

  /** @param onAbandoned called when the job failed, or was terminated because its last listener unsubscribed */
  constructor(
    request: AnalyzeRequest,
    private readonly onAbandoned: () => void,
  ) {
    this.worker = new Worker(assetPath('analysis-worker.js'), { workerData: request });
    this.worker.on('message', (news: AnalysisMessage) => this.handleMessage(news));
    this.worker.once('error', (error) => this.fail({ message: error.message }));
    this.worker.once('exit', () => {
      if (!this.complete) this.fail({ message: localized(localize('The analysis ended early.')) });
    });
  }

  /** Subscribes to changes. An unfinished job is terminated when its last listener unsubscribes. */
  subscribe(listener: (news: AnalysisMessage['type']) => void): { dispose(): void } {
    this.listeners.add(listener);
    return {
      dispose: () => {
        if (!this.listeners.delete(listener)) return;
        if (this.listeners.size > 0 || this.complete || this.failure) return;
        this.onAbandoned();
        void this.worker.terminate();
      },
    };
  }

  /** Resolves when a condition holds. @throws {UserError} when the analysis fails first. */
  async waitUntil(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (this.failure)
          reject(
            new UserError(this.failure.message, {
              ...(this.failure.hint !== undefined && { hint: this.failure.hint }),
            }),
          );
        else if (condition()) resolve();
        else return;
        subscription.dispose();
      };
      const subscription = this.subscribe(check);
      check();
    });
  }

  private handleMessage(news: AnalysisMessage): void {
    switch (news.type) {
      case 'progress':
        this.progress = news.share;
        break;
      case 'examples':
        this.examples = news.examples;
        this.slices = news.slices;
        break;
      case 'dynamics':
        this.dynamics = news.dynamics;
        break;
      case 'numbers':
        this.analysis = news.analysis;
        this.complete = news.complete;
        break;
      case 'failed': {
        const { message, hint } = localizedAdvice(news.advice);
        const { defect } = news;
        this.fail({
          message: message ?? '',
          ...(hint !== null && { hint }),
          ...(defect !== undefined && { defect }),
        });
        return;
      }
    }
    this.notify(news.type);
  }

  private fail(failure: AnalysisFailure): void {
    if (this.failure || this.complete) return;
    this.failure = failure;
    this.onAbandoned();
    this.notify('failed');
  }

  private notify(news: AnalysisMessage['type']): void {
    for (const listener of [...this.listeners]) listener(news);
  }
}
