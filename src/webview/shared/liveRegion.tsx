import { useEffect, useState } from 'preact/hooks';

type Listener = (text: string) => void;
let listener: Listener | undefined;

/** Announces text to screen readers (`aria-live="polite"`). Requires a `<LiveRegion />` on the page. */
export function announce(text: string): void {
  listener?.(text);
}

/** Invisible element that contains the text of `announce`. Use it once per page. */
export function LiveRegion() {
  const [announcement, setAnnouncement] = useState({ text: '', count: 0 });
  useEffect(() => {
    listener = (text) => setAnnouncement(({ count }) => ({ text, count: count + 1 }));
    return () => {
      listener = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {/* A new element each time, so that the same text is announced twice. */}
      <span key={announcement.count}>{announcement.text}</span>
    </div>
  );
}
