/** Styles of a report: light and dark, on screen and in print. Colors have a contrast of at least 4.5 to 1. */
export const style = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --fore: #1f2328; --soft: #59636e; --rule: #d1d9e0; --raised: #f6f8fa;
  --c1: #0550ae; --c2: #b35900; --c3: #1a7f37; --c4: #8250df;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --back: #16181d; --fore: #e6edf3; --soft: #9da7b3; --rule: #3d444d; --raised: #21262d;
    --c1: #6cb6ff; --c2: #f0a35e; --c3: #57c06a; --c4: #c297ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px 20px 64px; max-width: 1040px; background: var(--back); color: var(--fore);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 24px; line-height: 1.25; }
h2 { margin: 40px 0 12px; padding-bottom: 4px; border-bottom: 1px solid var(--rule); font-size: 18px; }
h3 { margin: 20px 0 8px; font-size: 14px; }
p { margin: 8px 0; }
code { font: 13px/1.4 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
.note, .ci, .identifier { color: var(--soft); }
.ci { font-size: 12px; white-space: nowrap; }
.table { overflow-x: auto; overflow-wrap: break-word; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: 8px 0; color: var(--soft); text-align: left; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--rule); font-weight: normal; vertical-align: top; }
thead th { color: var(--soft); white-space: nowrap; }
.text { text-align: left; }
.number { text-align: right; white-space: nowrap; }
.marked th, .marked td { font-weight: 600; }
.keys { columns: 3 220px; margin: 0; padding: 0; list-style: none; color: var(--soft); }
.keys li { break-inside: avoid; }
dl { margin: 0; }
dl > div { display: flex; gap: 12px; padding: 2px 0; }
dt { flex: 0 0 180px; color: var(--soft); }
dd { margin: 0; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 12px 0; }
.cards > div { display: block; padding: 8px 12px; border: 1px solid var(--rule); border-radius: 4px; background: var(--raised); }
.cards dd { font-size: 18px; font-variant-numeric: tabular-nums; }
.findings { padding-left: 20px; font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; }
figure { margin: 0; }
figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg.narrow { max-width: 460px; }
.tick, .axis { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--rule); stroke-width: 1; }
.line, .diagonal { fill: none; stroke-width: 2; stroke-linejoin: round; }
.diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.bar { fill: var(--c1); fill-opacity: 0.55; stroke: var(--c1); }
.s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); stroke-dasharray: 7 3; }
.s3 { stroke: var(--c3); stroke-dasharray: 2 3; } .s4 { stroke: var(--c4); stroke-dasharray: 9 3 2 3; }
.mark { fill: var(--back); stroke-width: 1.5; stroke-dasharray: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 4px 0 0; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend svg { width: 24px; height: 8px; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 16px; margin: 0; padding: 0; list-style: none; }
.examples > li { padding: 12px; border: 1px solid var(--rule); border-radius: 4px; break-inside: avoid; }
.examples p { margin: 4px 0; }
.sentence { font-weight: 600; }
.pair { display: flex; gap: 8px; align-items: flex-start; margin: 8px 0; }
.pair > * { flex: 1 1 0; min-width: 0; }
.pair img { max-width: 100%; max-height: 224px; object-fit: contain; border: 1px solid var(--rule); background: #ffffff; }
.missing { padding: 8px; border: 1px dashed var(--rule); color: var(--soft); }
:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
@media print {
  body { max-width: none; padding: 0; font-size: 11px; }
  h2, h3, figcaption, caption { break-after: avoid; }
  figure, tr, dl > div, .narrow { break-inside: avoid; }
  thead { display: table-header-group; }
  .table { overflow: visible; }
  #examples { break-before: page; }
  .cards > div { background: none; }
  .charts { grid-template-columns: 1fr 1fr; }
  .examples { grid-template-columns: repeat(3, 1fr); }
}
`;
