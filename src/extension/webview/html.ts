import { randomBytes } from 'node:crypto';

/** The parts of a panel's page; URIs are from `webview.asWebviewUri`. */
export interface Page {
  /** Title of the document, for screen readers. */
  title: string;
  /** Language of the texts, such as `en` or `zh-cn`. */
  language: string;
  /** `webview.cspSource` */
  cspSource: string;
  script: string;
  /** Style sheets in order. */
  styles: readonly string[];
  /** Translated texts of the page by English text, read by the page's script. */
  strings?: Readonly<Record<string, string>>;
}

/**
 * Creates the HTML of a panel. It can load only its script (by nonce), its style sheets, and images from
 * `localResourceRoots` or created in the page. The script renders into `<div id="root">`, and reads the translated texts
 * from `<script id="strings" type="application/json">`.
 */
export function pageHtml(page: Page, nonce = randomBytes(16).toString('base64')): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${page.cspSource}`,
    `font-src ${page.cspSource}`,
    `img-src ${page.cspSource} data: blob:`,
    // These do not fall back to default-src.
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const styles = page.styles.map((href) => `<link rel="stylesheet" href="${escapeHtml(href)}">`);
  // `<` is the only character that could end the element, and JSON allows to escape it.
  const strings = JSON.stringify(page.strings ?? {}).replaceAll('<', '\\u003c');
  return `<!DOCTYPE html>
<html lang="${escapeHtml(page.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
${styles.join('\n')}
</head>
<body>
<div id="root"></div>
<script id="strings" type="application/json" nonce="${nonce}">${strings}</script>
<script nonce="${nonce}" src="${escapeHtml(page.script)}"></script>
</body>
</html>
`;
}

/** Escapes text for an element or a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
