import { incompleteModel, missingPartsIn } from '../../config/modelParts';
import { localized, localizedError } from '../../util/language';
import { localize } from '../../util/localize';
import { reportedError } from '../trainer/commandError';
import { startChild, type Child, type Launch, type Outcome } from '../trainer/process';
import { parseExplained, type Explained, type ExplainRequest } from './heatMaps';
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
  /** Inference time, in milliseconds. */
  milliseconds: number;
}

export type ClientState =
  | { state: 'idle' }
  | { state: 'starting' }
  /** `incomplete`: message that parts of the model have random values. */
  | { state: 'ready'; device: string; parameters: number; incomplete?: string }
  | ({ state: 'failed' } & Problem);

/** A failure as text. `anyway`: it was refused, and the user may confirm it. */
export interface Problem {
  message: string;
  hint?: string;
  anyway?: true;
}

interface Pending {
  resolve: (line: ResponseLine) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

interface Running {
  child: Child;
  ready: Promise<void>;
  pending: Map<number, Pending>;
}

/** A message of the process on stdout: one JSON object per line. */
interface ResponseLine {
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
  /** Templates and values of `error` and `hint`, for translation. */
  phrase?: unknown;
  hintPhrase?: unknown;
  allowedBy?: unknown;
}

/**
 * Client of a prediction process, over JSON lines. The process starts with the first question, ends after `idleMs`
 * without one, and is started again by the next question when it has ended or failed.
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
      /** Timeout until the process is ready: a large model on a slow disk takes minutes to load. */
      startMs?: number;
      answerMs?: number;
    },
  ) {}

  /** @throws {UserError} the error of the process, or why it ended or cannot start. */
  async ask(question: Question): Promise<Answer> {
    return parseAnswer(await this.send(question));
  }

  /**
   * Requests a heat map.
   * @param explain options of `nlvr predict --serve`
   * @throws {UserError} as `ask`.
   */
  async explain(question: Question, explain: ExplainRequest): Promise<Explained> {
    const line = await this.send({ ...question, explain });
    const explained = parseExplained(line.explained);
    if (!explained) throw invalidAnswer();
    const { prediction, probTrue, milliseconds } = parseAnswer(line);
    return { ...explained, prediction, probTrue, milliseconds };
  }

  private async send(question: object): Promise<ResponseLine> {
    const running = await this.process();
    const id = this.nextId++;
    this.restartIdleTimer();
    return new Promise<ResponseLine>((resolve, reject) => {
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

  /** Ends the process if it is running; the next question starts it again. */
  restart(): void {
    if (!this.running) return;
    this.stop();
    this.options.onState({ state: 'idle' });
  }

  /** Ends the process tree. Pending questions fail. */
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
        this.failPending(running, error);
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
      void child.ended.then((outcome) => fail(endError(outcome)));
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
          fail(reportedError(line.error, line));
          end(running.child);
        } else {
          this.settle(running, line);
        }
      };
    });
    running.ready.catch(() => undefined);
    return running;
  }

  private settle(running: Running, line: ResponseLine): void {
    const pending = line.id === undefined ? undefined : running.pending.get(line.id);
    if (!pending || line.id === undefined) return;
    running.pending.delete(line.id);
    clearTimeout(pending.timer);
    this.restartIdleTimer();
    if (line.error !== undefined) {
      pending.reject(reportedError(line.error, line));
    } else pending.resolve(line);
  }

  private failPending(running: Running, error: Error): void {
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
    this.failPending(running, new UserError(localize('The prediction process was stopped.')));
    end(running.child);
  }
}

function failed(error: unknown): Extract<ClientState, { state: 'failed' }> {
  return { state: 'failed', ...toProblem(error) };
}

/** Converts any thrown value to what the panel shows. */
export function toProblem(error: unknown): Problem {
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

/** Ends a child process without waiting for it. */
function end(child: Child): void {
  child.end().catch(() => undefined);
}

function endError({ code, signal, stderr }: Outcome): UserError {
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

/** @throws {UserError} when the response has no answer. */
function parseAnswer({ prediction, prob_true: probTrue, ms = 0 }: ResponseLine): Answer {
  if (typeof prediction !== 'boolean' || typeof probTrue !== 'number') throw invalidAnswer();
  return { prediction, probTrue, milliseconds: ms };
}

function invalidAnswer(): UserError {
  return new UserError(
    localize('The prediction process sent an answer that cannot be understood.'),
  );
}

function parseLine(text: string): ResponseLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as ResponseLine;
  } catch {
    return undefined;
  }
}
