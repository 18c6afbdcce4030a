import { incompleteModel, missingPartsIn } from '../../config/modelParts';
import { localized, localizedError } from '../../util/language';
import { localize } from '../../util/localize';
import { errorFrom } from '../trainer/failure';
import { startChild, type Child, type Launch, type Outcome } from '../trainer/process';
import { explainedIn, type Explained, type ExplainRequest } from './explained';
import { messageOf, UserError } from '../../util/userError';

export interface Question {
  /** Absolute paths. */
  left: string;
  right: string;
  sentence: string;
}

export interface Answer {
  prediction: boolean;
  /** Probability of True. */
  probTrue: number;
  /** Time the model took, in milliseconds. */
  milliseconds: number;
}

export type ClientState =
  | { state: 'idle' }
  | { state: 'starting' }
  /** `incomplete`: what of the model has random values, in words. */
  | { state: 'ready'; device: string; parameters: number; incomplete?: string }
  | ({ state: 'failed' } & ShownProblem);

/** A failure as text. `anyway`: it was refused, and can be done anyway. */
export interface ShownProblem {
  message: string;
  hint?: string;
  anyway?: true;
}

interface Pending {
  resolve: (line: Line) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

interface Running {
  child: Child;
  ready: Promise<void>;
  pending: Map<number, Pending>;
}

/** What the process says on stdout, a JSON object per line. */
interface Line {
  ready?: boolean;
  device?: string;
  parameters?: number;
  incomplete?: unknown;
  id?: number;
  prediction?: boolean;
  prob_true?: number;
  ms?: number;
  explained?: unknown;
  error?: string;
  hint?: string;
  /** What error and hint are made of. */
  phrase?: unknown;
  hintPhrase?: unknown;
  allowedBy?: unknown;
}

/**
 * Talks to a prediction process over JSON lines. The process starts with the first question, stays up between
 * questions, ends after `idleMs` without one, and is started again by the next question when it failed.
 */
export class PredictClient {
  private running: Running | undefined;
  private starting: Promise<Running> | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private nextId = 1;
  private disposed = false;

  constructor(
    private readonly options: {
      /** How to start `nlvr predict --serve`. */
      launch(): Promise<Launch> | Launch;
      onState(state: ClientState): void;
      log(line: string): void;
      idleMs?: number;
      /** Longest time until the process says it is ready: a large model on a slow disk takes minutes. */
      startMs?: number;
      answerMs?: number;
    },
  ) {}

  /** @throws {UserError} with the reason: the process's own, or why it ended or cannot start. */
  async ask(question: Question): Promise<Answer> {
    return answerIn(await this.send(question));
  }

  /**
   * Asks where the model looks.
   * @param explain as `nlvr predict --serve` takes it.
   * @throws {UserError} as `ask`.
   */
  async explain(question: Question, explain: ExplainRequest): Promise<Explained> {
    const line = await this.send({ ...question, explain });
    const explained = explainedIn(line.explained);
    if (!explained) throw notUnderstood();
    const { prediction, probTrue, milliseconds } = answerIn(line);
    return { ...explained, prediction, probTrue, milliseconds };
  }

  private async send(question: object): Promise<Line> {
    const running = await this.process();
    const id = this.nextId++;
    this.restartIdleTimer();
    return new Promise<Line>((resolve, reject) => {
      const timer = setTimeout(() => {
        running.pending.delete(id);
        reject(
          new UserError(localize('The model did not answer in time.'), {
            hint: localize('It starts again with the next question.'),
          }),
        );
        this.stop();
      }, this.options.answerMs ?? 120_000);
      running.pending.set(id, { resolve, reject, timer });
      running.child.send(JSON.stringify({ id, ...question }));
    });
  }

  /** Ends the process if it runs; the next question restarts it. */
  restart(): void {
    if (!this.running) return;
    this.stop();
    this.options.onState({ state: 'idle' });
  }

  /** Ends the process and everything it started. Open questions are answered with an error. */
  dispose(): void {
    this.disposed = true;
    this.stop();
  }

  private process(): Promise<Running> {
    if (this.disposed) return Promise.reject(new UserError(localize('The panel was closed.')));
    if (this.running) return this.running.ready.then(() => this.running ?? this.process());
    this.starting ??= this.start().finally(() => (this.starting = undefined));
    return this.starting;
  }

  private async start(): Promise<Running> {
    this.options.onState({ state: 'starting' });
    try {
      const launch = await this.options.launch();
      if (this.disposed) throw new UserError(localize('The panel was closed.'));
      const running = this.spawn(launch);
      this.running = running;
      await running.ready;
      return running;
    } catch (error) {
      if (!this.disposed) this.options.onState(failed(error));
      throw error;
    }
  }

  private spawn(launch: Launch): Running {
    let onLine = (_text: string): void => undefined;
    const child = startChild(launch, {
      input: true,
      onLine: (text) => onLine(text),
      onErrorLine: (text) => this.options.log(text),
    });
    const running: Running = { child, ready: Promise.resolve(), pending: new Map() };
    running.ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new UserError(localize('The model was not ready in time.'), {
            hint: localize('See the log for details.'),
          }),
        );
        this.stop();
      }, this.options.startMs ?? 300_000);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
        this.ended(running, error);
      };
      child.started.catch((error: unknown) =>
        fail(
          new UserError(
            localize('{0} could not be started: {1}', launch.command, messageOf(error)),
            {
              hint: localize('Check the setting nlvr.nodePath.'),
            },
          ),
        ),
      );
      void child.ended.then((outcome) => fail(endOf(outcome)));
      onLine = (text) => {
        const line = parseLine(text);
        if (!line) {
          this.options.log(text);
        } else if (line.ready === true) {
          clearTimeout(timer);
          const incomplete = missingPartsIn(line.incomplete);
          this.options.onState({
            state: 'ready',
            device: line.device ?? '',
            parameters: line.parameters ?? 0,
            ...(incomplete && { incomplete: localized(incompleteModel(incomplete)) }),
          });
          resolve();
        } else if (line.id === undefined && line.error !== undefined) {
          fail(errorFrom(line.error, line));
          end(running.child);
        } else {
          this.answered(running, line);
        }
      };
    });
    running.ready.catch(() => undefined);
    return running;
  }

  private answered(running: Running, line: Line): void {
    const pending = line.id === undefined ? undefined : running.pending.get(line.id);
    if (!pending || line.id === undefined) return;
    running.pending.delete(line.id);
    clearTimeout(pending.timer);
    this.restartIdleTimer();
    if (line.error !== undefined) {
      pending.reject(errorFrom(line.error, line));
    } else pending.resolve(line);
  }

  private ended(running: Running, error: Error): void {
    for (const { reject, timer } of running.pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    running.pending.clear();
    if (this.running !== running) return;
    this.running = undefined;
    clearTimeout(this.idleTimer);
    this.options.onState(failed(error));
  }

  private restartIdleTimer(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      this.stop();
      this.options.onState({ state: 'idle' });
    }, this.options.idleMs ?? 600_000);
    this.idleTimer.unref();
  }

  private stop(): void {
    clearTimeout(this.idleTimer);
    const { running } = this;
    if (!running) return;
    this.running = undefined;
    this.ended(running, new UserError(localize('The prediction process was stopped.')));
    end(running.child);
  }
}

function failed(error: unknown): Extract<ClientState, { state: 'failed' }> {
  return { state: 'failed', ...shownProblem(error) };
}

/** What the panel shows of anything thrown. */
export function shownProblem(error: unknown): ShownProblem {
  const { message, hint } = localizedError(error);
  if (error instanceof UserError && error.allowedBy !== undefined)
    return {
      message,
      // The button corresponds to the command line option.
      hint: localized(localize('Its answers would depend on random values.')),
      anyway: true,
    };
  return { message, ...(hint !== null && { hint }) };
}

/** Ends a child, whether or not anybody waits for it. */
function end(child: Child): void {
  child.end().catch(() => undefined);
}

function endOf({ code, signal, stderr }: Outcome): UserError {
  const how = signal ?? localize('exit code {0}', String(code));
  const last = stderr
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-4)
    .join('\n');
  const hint = localize(
    signal === 'SIGKILL'
      ? 'It may have run out of memory. Close other programs, or stop a training run, and ask again.'
      : 'Ask again to restart it. Its output is in the log.',
  );
  return new UserError(
    last === ''
      ? localize('The prediction process ended ({0}).', how)
      : localize('The prediction process ended ({0}):\n{1}', how, last),
    { hint },
  );
}

/** @throws {UserError} when the line holds no answer. */
function answerIn({ prediction, prob_true: probTrue, ms = 0 }: Line): Answer {
  if (typeof prediction !== 'boolean' || typeof probTrue !== 'number') throw notUnderstood();
  return { prediction, probTrue, milliseconds: ms };
}

function notUnderstood(): UserError {
  return new UserError(
    localize('The prediction process sent an answer that cannot be understood.'),
  );
}

function parseLine(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
