import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons';
import { Message } from './message';

interface StateMessageProps {
  kind: 'empty' | 'loading' | 'error';
  title: string;
  /** Explains what will appear here, or what to do. */
  text?: string | undefined;
  /** Button that leads to content. */
  action?: { label: string; run: () => void } | undefined;
  children?: ComponentChildren;
}

const icons: Record<StateMessageProps['kind'], IconName | undefined> = {
  empty: 'info',
  loading: undefined,
  error: 'error',
};

/** Placeholder of a panel without content: empty, loading or failed. */
export function StateMessage({ kind, title, text, action, children }: StateMessageProps) {
  const icon = icons[kind];
  return (
    <div class={`state-message state-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {icon ? <Icon name={icon} /> : <span class="spinner" aria-hidden="true" />}
      <p class="state-title">
        <Message text={title} />
      </p>
      {text !== undefined && (
        <p class="muted">
          <Message text={text} />
        </p>
      )}
      {children}
      {action && (
        <button class="primary" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}
