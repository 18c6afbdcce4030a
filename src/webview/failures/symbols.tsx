import { Icon } from '../shared/icons';
import type { Verdict } from './rows';
import { verdictText } from './texts';

/** Right or wrong by shape and, for those who read it, by word; colour only repeats it. */
export function VerdictIcon({ verdict, said }: { verdict: Verdict | 'none'; said?: boolean }) {
  const word = verdict === 'none' ? '–' : verdictText(verdict);
  return (
    <span class={`verdict ${verdict}`} title={word}>
      {verdict === 'right' && <Icon name="check" />}
      {verdict === 'wrong' && <Icon name="cross" />}
      {(verdict === 'unlabelled' || verdict === 'none') && <span aria-hidden="true">–</span>}
      {said && <span class="visually-hidden">{word}</span>}
    </span>
  );
}

/** A filled flag: the example is marked. */
export function MarkIcon({ filled }: { filled: boolean }) {
  return (
    <svg class={`icon mark ${filled ? 'filled' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 14V2.5h8.2L10 5.8l2.2 3.4H4" />
    </svg>
  );
}

/** A sheet with lines: the example has a note. */
export function NoteIcon() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3.5 2.5h9v11h-9zM5.8 5.5h4.4M5.8 8h4.4M5.8 10.5h2.4" />
    </svg>
  );
}
