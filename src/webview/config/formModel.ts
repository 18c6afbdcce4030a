/** State of the form: the last state from the host, and text that is being typed and not written yet. */
import { HostFailure, type HostConnection } from '../shared/hostConnection';
import type {
  ConfigContract,
  FieldInfo,
  FieldState,
  FormProblem,
  FormState,
  Insights,
  ToWebview,
} from './messages';

/** Text that is being typed into a field. */
interface Draft {
  text: string;
  /** The field's text in the file when the draft was started or confirmed. */
  base: string;
  /** The text that was last sent to be written. */
  sent?: string;
  /** Whether the file contains the written text. Later changes of the file come from elsewhere. */
  confirmed: boolean;
  problems?: FormProblem[];
}

/** View state that survives a reload of the page. */
export interface ViewState {
  search: string;
  changedOnly: boolean;
  scroll: number;
}

/** Debounce times in milliseconds until typed text is checked and written. */
const CHECK_DELAY_MS = 120;
const WRITE_DELAY_MS = 800;

type Connection = Pick<HostConnection<ConfigContract, ViewState>, 'request' | 'send'>;

export class FormModel {
  file = '';
  groups: string[] = [];
  fields: FieldInfo[] = [];
  state: FormState | undefined;
  insights: Insights | undefined;
  /** Why the last edit was refused. */
  failure: { message: string; hint?: string } | undefined;

  private readonly drafts = new Map<string, Draft>();
  private readonly timersByKey = new Map<string, ReturnType<typeof setTimeout>[]>();
  private focused: string | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly changed: () => void,
  ) {}

  receive(message: ToWebview): void {
    switch (message.type) {
      case 'snapshot':
        this.file = message.file;
        this.groups = message.groups;
        this.fields = message.fields;
        this.setState(message.state);
        break;
      case 'state':
        this.setState(message.state);
        break;
      case 'insights':
        this.insights = message.insights;
        break;
      case 'flush':
        this.commitAll();
        this.connection.send({ type: 'flushed', round: message.round });
        break;
    }
    this.changed();
  }

  /** Returns the displayed state of a field: its draft, or its value in the file. */
  field(key: string): FieldState | undefined {
    const state = this.state?.fields[key];
    const draft = this.drafts.get(key);
    if (state === undefined || draft === undefined) return state;
    const shown = { ...state, text: draft.text, problems: draft.problems ?? state.problems };
    return state.asFields === undefined ? shown : { ...shown, asFields: false };
  }

  /** Handles typed text: it is checked after a short delay and written after a pause. */
  type(key: string, text: string): void {
    const base = this.state?.fields[key]?.text ?? '';
    const draft: Draft = this.drafts.get(key) ?? { text, base, confirmed: false };
    draft.text = text;
    this.drafts.set(key, draft);
    this.schedule(key, [
      [CHECK_DELAY_MS, () => this.check(key, text)],
      [WRITE_DELAY_MS, () => this.commit(key)],
    ]);
    this.changed();
  }

  /** Writes the draft of a field, if there is one. */
  commit(key: string): void {
    this.schedule(key, []);
    const draft = this.drafts.get(key);
    if (draft === undefined || draft.text === draft.sent) return;
    if (draft.text === draft.base && draft.sent === undefined) {
      this.discard(key);
      return;
    }
    const { text } = draft;
    draft.sent = text;
    draft.confirmed = false;
    this.trackRequest(
      this.connection.request('set', { key, text }).then(() => {
        if (this.focused !== key && this.drafts.get(key)?.text === text) this.discard(key);
      }),
    );
  }

  /** Writes all drafts, before the file is saved or when the page is hidden. */
  commitAll(): void {
    for (const key of this.drafts.keys()) this.commit(key);
  }

  focus(key: string): void {
    this.focused = key;
  }

  blur(key: string): void {
    if (this.focused === key) this.focused = undefined;
    const draft = this.drafts.get(key);
    if (draft?.sent === draft?.text && draft?.confirmed === true) this.discard(key);
    else this.commit(key);
  }

  /** Discards the draft of a field. */
  cancel(key: string): void {
    this.schedule(key, []);
    this.discard(key);
  }

  /** Writes a choice immediately. It is displayed before the file contains it, so that no rendering reverts it. */
  choose(key: string, text: string): void {
    const base = this.state?.fields[key]?.text ?? '';
    const chosen: Draft = { text, base, sent: text, confirmed: false };
    this.drafts.set(key, chosen);
    this.changed();
    this.trackRequest(
      this.connection.request('set', { key, text }).catch((error: unknown) => {
        if (this.drafts.get(key) === chosen) this.discard(key);
        throw error;
      }),
    );
  }

  reset(key: string): void {
    this.schedule(key, []);
    this.discard(key);
    this.trackRequest(this.connection.request('reset', { key }));
  }

  expand(key: string): void {
    this.trackRequest(this.connection.request('expand', { key }));
  }

  browse(key: string): void {
    this.trackRequest(this.connection.request('browse', { key }).then(() => this.discard(key)));
  }

  fix(index: number): void {
    const version = this.state?.version ?? -1;
    this.trackRequest(this.connection.request('fix', { version, index }));
  }

  openText(line?: number): void {
    this.connection.send({ type: 'openText', ...(line !== undefined && line > 0 && { line }) });
  }

  dismissFailure(): void {
    this.failure = undefined;
    this.changed();
  }

  private setState(state: FormState): void {
    this.state = state;
    for (const [key, draft] of this.drafts) {
      const text = state.fields[key]?.text;
      if (text === undefined || text === draft.base) continue;
      // The first change after writing is the written text itself; the typed text stays under the cursor.
      const isOwnEdit = draft.sent !== undefined && !draft.confirmed;
      if (isOwnEdit) {
        draft.base = text;
        draft.confirmed = true;
        if (draft.text === draft.sent) {
          delete draft.problems;
          if (this.focused !== key) this.drafts.delete(key);
        }
      } else this.cancel(key);
    }
  }

  private check(key: string, text: string): void {
    this.connection.request('check', { key, text }).then(
      (problems) => {
        const draft = this.drafts.get(key);
        if (draft?.text !== text) return;
        draft.problems = problems;
        this.changed();
      },
      // A text that cannot be checked is reported when it is written.
      () => undefined,
    );
  }

  private discard(key: string): void {
    if (this.drafts.delete(key)) this.changed();
  }

  private trackRequest(request: Promise<unknown>): void {
    request.then(
      () => {
        if (this.failure !== undefined) this.dismissFailure();
      },
      (error: unknown) => {
        const hint = error instanceof HostFailure ? error.hint : undefined;
        this.failure = {
          message: error instanceof Error ? error.message : String(error),
          ...(hint !== undefined && { hint }),
        };
        this.changed();
      },
    );
  }

  private schedule(key: string, tasks: readonly [delay: number, run: () => void][]): void {
    for (const timer of this.timersByKey.get(key) ?? []) clearTimeout(timer);
    this.timersByKey.set(
      key,
      tasks.map(([delay, run]) => setTimeout(run, delay)),
    );
  }
}
