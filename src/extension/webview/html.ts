import { randomBytes } from 'node:crypto';

/** What a panel's page is made of; addresses as `webview.asWebviewUri` gives them. */
export interface Page {
  /** Shown to screen readers as the document's title. */
  title: string;
  /** Language of the texts, such as `en` or `zh-cn`. */
  language: string;
  /** `webview.cspSource` */
  cspSource: string;
  script: string;
  /** Style sheets in order. */
  styles: readonly string[];
  /** Texts of the page in the user's language, by English text; read by the page's script. */
  strings?: Readonly<Record<string, string>>;
}

/**
 * A panel's document: nothing may load but its own script (by nonce), its own styles, and pictures from
 * `localResourceRoots` or made in the page. The script finds `<div id="root">`, and the translated texts in
 * `<script id="strings" type="application/json">`.
 */
export function pageHtml(page: Page, nonce = randomBytes(16).toString('base64')): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${page.cspSource}`,
    `font-src ${page.cspSource}`,
    `img-src ${page.cspSource} data: blob:`,
    // Neither falls back on default-src.
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const styles = page.styles.map((href) => `<link rel="stylesheet" href="${escapeHtml(href)}">`);
  // `<` is the only character that could end the element; JSON allows it to be written as an escape.
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

/** Text made safe inside an element or a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
