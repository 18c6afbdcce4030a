import { Icon } from '../shared/icons';
import type { Verdict } from './rows';
import { verdictText } from './texts';

/** Verdict as an icon with a tooltip and optional text for screen readers. The meaning does not depend on color. */
export function VerdictIcon({
  verdict,
  said: withText,
}: {
  verdict: Verdict | 'none';
  said?: boolean;
}) {
  const word = verdict === 'none' ? '–' : verdictText(verdict);
  return (
    <span class={`verdict ${verdict}`} title={word}>
      {verdict === 'right' && <Icon name="check" />}
      {verdict === 'wrong' && <Icon name="cross" />}
      {(verdict === 'unlabeled' || verdict === 'none') && <span aria-hidden="true">–</span>}
      {withText && <span class="visually-hidden">{word}</span>}
    </span>
  );
}

/** Flag, filled if the example is marked. */
export function MarkIcon({ filled }: { filled: boolean }) {
  return (
    <svg class={`icon mark ${filled ? 'filled' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 14V2.5h8.2L10 5.8l2.2 3.4H4" />
    </svg>
  );
}

/** Icon of an example with a note. */
export function NoteIcon() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3.5 2.5h9v11h-9zM5.8 5.5h4.4M5.8 8h4.4M5.8 10.5h2.4" />
    </svg>
  );
}
