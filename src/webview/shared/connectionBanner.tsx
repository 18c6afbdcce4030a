import { render } from 'preact';
import { Icon } from './icons';
import { t } from './translate';

/** The part of a `HostConnection` that reports whether the host responds. */
interface ConnectionMonitor {
  watch(onLost: (lost: boolean) => void): void;
}

/**
 * Shows a banner above the page while the host does not respond, and makes the page inert during that time, because
 * its controls have no effect. Call it once per panel.
 * @param root the page's content
 * @param reopenHint how to reopen the panel, in the user's language
 */
export function showConnectionBanner(
  connection: ConnectionMonitor,
  root: HTMLElement,
  reopenHint: string,
): void {
  // The element exists from the start: screen readers announce content that is added to an existing alert.
  const container = document.createElement('div');
  container.className = 'connection';
  container.setAttribute('role', 'alert');
  root.before(container);
  let focused: Element | null = null;
  connection.watch((lost) => {
    if (lost) {
      focused = document.activeElement;
      // A modal dialog stays interactive on an inert page, and would make the banner inert.
      for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    }
    root.inert = lost;
    render(lost ? <Banner remedy={reopenHint} /> : null, container);
    // Only while this page has the focus: focusing an element would otherwise take the user back to this panel.
    if (!lost && document.hasFocus() && focused instanceof HTMLElement)
      focused.focus({ preventScroll: true });
  });
}

function Banner({ remedy: reopenHint }: { remedy: string }) {
  return (
    <div class="connection-lost">
      <Icon name="warning" />
      <span>
        <strong>{t('The connection to the extension was lost.')}</strong> {reopenHint}
      </span>
    </div>
  );
}
