import { Worker } from 'node:worker_threads';
import type { DynamicsColumns, ExampleColumns, SliceRows } from '../../analysis/analysisColumns';
import type { AnalysisMessage } from '../../analysis/analysisWorker';
import type { Analysis, AnalyzeRequest } from '../../analysis/analyze';
import { assetPath } from '../../util/assets';
import { localized, localizedAdvice } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/** Why nothing is analysed in Restricted Mode. */
export const untrusted = localize(
  'Analyze Predictions uses patterns and files from the workspace, which requires a trusted workspace.',
);

/** Why there are no numbers, in the user's language; `defect` is for the log. */
export interface AnalysisFailure {
  message: string;
  hint?: string;
  defect?: string;
}

/** One analysis in a thread of its own, from its first numbers to its last. */
export class AnalysisJob {
  /** 0 to 1. */
  share = 0;
  analysis: Analysis | null = null;
  /** Whether `analysis` has everything. */
  complete = false;
  examples: ExampleColumns | null = null;
  slices: SliceRows[] = [];
  /** undefined while they are not known; null for fewer than two epochs. */
  dynamics: DynamicsColumns | null | undefined;
  failure: AnalysisFailure | null = null;
  private readonly followers = new Set<(news: AnalysisMessage['type']) => void>();
  private readonly worker: Worker;

  /** @param left called when nobody follows an unfinished job any more: it has been ended */
  constructor(
    request: AnalyzeRequest,
    private readonly left: () => void,
  ) {
    this.worker = new Worker(assetPath('analysis-worker.js'), { workerData: request });
    this.worker.on('message', (news: AnalysisMessage) => this.take(news));
    this.worker.once('error', (error) => this.fail({ message: error.message }));
    this.worker.once('exit', () => {
      if (!this.complete) this.fail({ message: localized(localize('The analysis ended early.')) });
    });
  }

  /** Is notified of every change. The job is ended when its last follower leaves before it is done. */
  follow(listener: (news: AnalysisMessage['type']) => void): { dispose(): void } {
    this.followers.add(listener);
    return {
      dispose: () => {
        if (!this.followers.delete(listener)) return;
        if (this.followers.size > 0 || this.complete || this.failure) return;
        this.left();
        void this.worker.terminate();
      },
    };
  }

  /** Resolves when something is known. @throws {UserError} when the analysis fails before. */
  async until(known: () => boolean): Promise<void> {
    if (known()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.failure)
          reject(
            new UserError(this.failure.message, {
              ...(this.failure.hint !== undefined && { hint: this.failure.hint }),
            }),
          );
        else if (known()) resolve();
        else return;
        following.dispose();
      };
      const following = this.follow(look);
      look();
    });
  }

  private take(news: AnalysisMessage): void {
    switch (news.type) {
      case 'progress':
        this.share = news.share;
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
    this.left();
    this.notify('failed');
  }

  private notify(news: AnalysisMessage['type']): void {
    for (const follower of [...this.followers]) follower(news);
  }
}
