/** Header, footer and controls that panels about predictions share. The styles are in frame.css. */
import type { ComponentChildren, RefObject } from 'preact';
import { Icon } from './icons';
import { KeysHelp, type KeyHelp } from './keysHelp';
import { epochText, predictionSetText, type PredictionSetId } from './predictionSets';
import { t } from './translate';

interface SelectFieldProps {
  name: string;
  /** For screen readers and as a tooltip. */
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}

/** Drop-down list with a visually hidden label. */
export function SelectField({ name, label, value, options, onChange }: SelectFieldProps) {
  return (
    <label class="choice" title={label}>
      <span class="visually-hidden">{label}</span>
      <select name={name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface PredictionsHeaderProps<S extends PredictionSetId> {
  /** The headline. */
  title: ComponentChildren;
  sets: readonly S[];
  chosen: S | null | undefined;
  /** Newer predictions than the chosen ones. */
  newer: S | null | undefined;
  onOpen: (set: S) => void;
  run: { runName: string; runFolder: string } | null | undefined;
  /** Buttons at the end. */
  children: ComponentChildren;
}

/** Header of a panel about one run's predictions: choice of split and epoch, and name of the run. */
export function PredictionsHeader<S extends PredictionSetId>(props: PredictionsHeaderProps<S>) {
  const { title, sets, chosen, newer, onOpen, run, children } = props;
  const splits = [...new Set(sets.map(({ split }) => split))];
  const ofSplit = sets.filter(({ split }) => split === chosen?.split);
  const open = (split: string, epoch: number | null | undefined): void => {
    const candidates = sets.filter((each) => each.split === split);
    const next = candidates.find((each) => each.epoch === epoch) ?? candidates.at(-1);
    if (next) onOpen(next);
  };
  return (
    <header class="header">
      <h1>{title}</h1>
      <SelectField
        name="split"
        label={t('Split')}
        value={chosen?.split ?? ''}
        options={splits.map((split) => [split, split])}
        onChange={(split) => open(split, chosen?.epoch)}
      />
      <SelectField
        name="epoch"
        label={t('Epoch')}
        value={String(chosen?.epoch ?? '')}
        options={ofSplit.map(({ epoch }) => [String(epoch ?? ''), epochText(epoch)])}
        onChange={(epoch) => {
          if (chosen) open(chosen.split, epoch === '' ? null : Number(epoch));
        }}
      />
      {newer && (
        <button class="newer" onClick={() => onOpen(newer)}>
          {t('Show {0}', predictionSetText(newer))}
        </button>
      )}
      <span class="run-name muted" title={run?.runFolder}>
        {run?.runName}
      </span>
      {children}
    </header>
  );
}

interface SearchFieldProps {
  /** Describes what is searched. */
  label: string;
  value: string;
  onInput: (text: string) => void;
  field?: RefObject<HTMLInputElement>;
}

export function SearchField({ label, value, onInput, field }: SearchFieldProps) {
  return (
    <label class="search">
      <Icon name="search" />
      <span class="visually-hidden">{label}</span>
      <input
        {...(field && { ref: field })}
        type="search"
        value={value}
        placeholder={t('Search')}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** Thin progress bar. @param share 0 to 1; at 1 the bar is invisible and keeps its space */
export function ProgressBar({ label, share }: { label: string; share: number }) {
  return (
    <div
      class={`progress ${share < 1 ? '' : 'done'}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(100 * share)}
      aria-hidden={share >= 1}
    >
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}

interface NoticeProps {
  level: 'info' | 'warning' | 'error';
  children: ComponentChildren;
  /** Buttons after the text. */
  actions?: ComponentChildren;
  /** Adds a button that removes the notice. */
  onDismiss?: () => void;
}

/** Notice above the content: what happened and what to do. Screen readers announce errors. */
export function Notice({ level, children, actions, onDismiss }: NoticeProps) {
  return (
    <div class={`notice ${level}`} role={level === 'error' ? 'alert' : undefined}>
      <Icon name={level} />
      <span>{children}</span>
      {actions}
      {onDismiss && (
        <button class="quiet icon-only" aria-label={t('Dismiss')} onClick={onDismiss}>
          <Icon name="cross" />
        </button>
      )}
    </div>
  );
}

/** Footer with the most important keys (visual only) and a button that lists all keys. */
export function KeysFooter({ keys, children }: { keys: KeyHelp[]; children: ComponentChildren }) {
  return (
    <footer class="keys-line">
      <span aria-hidden="true" class="muted">
        {children}
      </span>
      <KeysHelp keys={keys} openByButton />
    </footer>
  );
}
