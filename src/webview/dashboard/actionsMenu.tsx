import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import { useDashboard } from './context';
import type { RunAction, RunHeader } from './messages';

function labels(): [RunAction, string][] {
  return [
    ['evaluate', t('Evaluate Checkpoint…')],
    ['takeOver', t('Take Over')],
    ['openConfiguration', t('Open Configuration as Used')],
    ['showTrainerLog', t('Open Trainer Log')],
    ['analyze', t('Analyze Predictions')],
    ['reveal', t('Reveal Run Folder')],
  ];
}

/** Menu with the less common actions of a run. */
export function ActionsMenu({ run }: { run: RunHeader }) {
  const { host } = useDashboard();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const entries = labels().filter(
    ([action]) =>
      (action !== 'evaluate' || run.evaluable === true) &&
      (action !== 'takeOver' || run.takeable === true),
  );

  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    window.addEventListener('pointerdown', outside);
    window.addEventListener('blur', outside);
    return () => {
      window.removeEventListener('pointerdown', outside);
      window.removeEventListener('blur', outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (!open) return;
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.findIndex((item) => item === document.activeElement);
    const focusItem = (index: number) => items[(index + items.length) % items.length]?.focus();
    if (event.key === 'ArrowDown') focusItem(at + 1);
    else if (event.key === 'ArrowUp') focusItem(at - 1);
    else if (event.key === 'Home') focusItem(0);
    else if (event.key === 'End') focusItem(-1);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') setOpen(false);
    if (event.key.startsWith('Arrow') || event.key === 'Home' || event.key === 'End')
      event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" ref={root} onKeyDown={onKey}>
      <button
        ref={button}
        class="quiet icon-only"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={t('More Actions')}
        title={t('More Actions')}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="menu-list" role="menu" aria-label={t('More Actions')}>
          {entries.map(([action, label]) => (
            <button
              key={action}
              role="menuitem"
              tabIndex={-1}
              class="quiet"
              onClick={() => {
                close();
                host.send({ type: 'action', action, run: run.key });
              }}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
