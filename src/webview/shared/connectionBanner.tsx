import { render } from 'preact';
import { Icon } from './icons';
import { t } from './translate';

/** What the banner follows: the part of a `HostConnection` that reports whether the host is alive. */
interface Watched {
  watch(onLost: (lost: boolean) => void): void;
}

/**
 * Puts a banner above the page for as long as the host is gone, and makes the page inert meanwhile: what cannot
 * answer must not look as if it could. To be called once, by every panel.
 * @param root the page's content.
 * @param remedy how the panel is opened again, in the user's language.
 */
export function followConnection(connection: Watched, root: HTMLElement, remedy: string): void {
  // It is there from the start: a screen reader says what comes into an alert that it knows.
  const place = document.createElement('div');
  place.className = 'connection';
  place.setAttribute('role', 'alert');
  root.before(place);
  let focused: Element | null = null;
  connection.watch((lost) => {
    if (lost) {
      focused = document.activeElement;
      // A modal dialog is alive also on an inert page, and would make the banner inert.
      for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    }
    root.inert = lost;
    render(lost ? <Banner remedy={remedy} /> : null, place);
    // Not when the user is elsewhere meanwhile: focusing an element would bring them back to this panel.
    if (!lost && document.hasFocus() && focused instanceof HTMLElement)
      focused.focus({ preventScroll: true });
  });
}

function Banner({ remedy }: { remedy: string }) {
  return (
    <div class="connection-lost">
      <Icon name="warning" />
      <span>
        <strong>{t('The connection to the extension was lost.')}</strong> {remedy}
      </span>
    </div>
  );
}
