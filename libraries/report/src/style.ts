/** The page's style. Series colours are Okabe and Ito's, distinguishable with any colour vision. */
import { COLOUR_BAR } from './svg/attention-map.ts';

const DARK = `
  --ink: #e8ebef; --muted: #9aa4b1; --paper: #191d23; --ground: #101318; --line: #2d343d; --accent: #4fc3b5; --amber: #e0a94b;
  --series-1: #56b4e9; --series-2: #ff9a57; --series-3: #2fcf9f; --series-4: #e39bc4; --series-5: #f0e05a; --series-6: #b6bec9;
`;

export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1a2129; --muted: #5b6672; --paper: #ffffff; --ground: #f4f6f8; --line: #dce1e7; --accent: #0b6e66; --amber: #a5680c;
  --series-1: #0072b2; --series-2: #d55e00; --series-3: #00805e; --series-4: #a8508a; --series-5: #9a7d00; --series-6: #59636e;
}
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
header { background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: 10px; padding: 26px 30px; }
.kicker { margin: 0; color: var(--accent); font-weight: 600; font-size: 13px; letter-spacing: .06em; text-transform: uppercase; }
h1 { margin: 4px 0 10px; font-size: 30px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 40px 0 14px; font-size: 21px; }
h3 { margin: 0 0 10px; font-size: 15px; }
.badges { margin: 0; display: flex; flex-wrap: wrap; gap: 8px; }
.badge { padding: 1px 11px; border: 1px solid var(--line); border-radius: 999px; font-size: 13px; color: var(--muted); }
.badge.finished { border-color: var(--accent); color: var(--accent); font-weight: 600; }
.badge.unfinished { border-color: var(--series-2); color: var(--series-2); font-weight: 600; }
.verdict { --tone: var(--muted); display: grid; grid-template-columns: minmax(0, 1.55fr) minmax(0, 1fr); gap: 16px 40px; margin: 20px 0 4px; padding: 20px 24px;
  border-left: 6px solid var(--tone); border-radius: 6px; background: var(--ground); background: color-mix(in srgb, var(--tone) 7%, transparent); }
.verdict.good { --tone: var(--accent); } .verdict.fair { --tone: var(--amber); } .verdict.bad { --tone: var(--series-2); }
.judgement { margin: 0 0 6px; font-size: 25px; line-height: 1.25; overflow-wrap: anywhere; }
.verdict p { margin: 0 0 8px; max-width: 72ch; overflow-wrap: anywhere; }
.verdict .result { font-size: 17px; font-weight: 600; font-variant-numeric: tabular-nums; }
.next h3 { margin-top: 4px; } .next ol { margin: 0; padding-left: 20px; } .next li { margin-bottom: 8px; overflow-wrap: anywhere; }
.interval { margin: 18px 0 14px; max-width: 620px; }
.interval .track { position: relative; height: 10px; margin: 0 6px; border-radius: 5px; background: var(--line); }
.interval i { position: absolute; display: block; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.interval .range { top: 0; height: 10px; min-width: 2px; border-radius: 5px; background: var(--tone); opacity: .55; }
.interval .point { top: -4px; width: 18px; height: 18px; margin-left: -9px; border: 3px solid var(--paper); border-radius: 50%; background: var(--tone); }
.interval .coin { top: -6px; width: 0; height: 22px; border-left: 2px dashed var(--ink); }
.interval .ticks { position: relative; height: 20px; margin: 7px 6px 0; font-size: 12.5px; color: var(--muted); }
.interval .ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.interval figcaption { font-size: 12.5px; color: var(--muted); }
.notice { margin: 14px 0 0; padding: 8px 14px; border-radius: 6px; border: 1px solid var(--line); font-size: 14px; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: 14px 24px; margin: 20px 0 0; }
.facts dt { color: var(--muted); font-size: 12.5px; }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts div:has(code) { grid-column: 1 / -1; }
code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-weight: 400; }
nav { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 18px 4px 0; font-size: 14px; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
.grid-2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 16px; align-items: start; }
.grid-3 { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 16px; align-items: start; }
.tall { grid-row: span 2; }
.above { margin-bottom: 16px; }
.card { margin: 0; padding: 18px 20px 14px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
.card figcaption, .note { color: var(--muted); font-size: 13px; margin: 8px 0 0; }
.note { margin: 10px 2px 14px; max-width: 100ch; }
.file { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.absent { padding: 14px 18px; background: var(--paper); border: 1px dashed var(--line); border-radius: 10px; color: var(--muted); }
.figure { display: block; width: 100%; height: auto; margin: 0 auto; font-size: 12px; fill: var(--ink); }
.figure .grid path { stroke: var(--line); } .figure .axis { stroke: var(--muted); }
.figure .tick text, .figure .label { fill: var(--muted); } .figure .legend text { fill: var(--ink); }
.figure .tick { font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .line.faint { stroke-width: 1; opacity: .35; }
.chance { stroke: var(--muted); stroke-dasharray: 4 4; } .censored { stroke-width: 1.3; } .band { opacity: .13; }
.cell rect { fill: var(--series-1); } .cell text { font-size: 12px; } .cell .count { font-size: 17px; font-weight: 600; }
.cell.full text { fill: #fff; } @media (prefers-color-scheme: dark) { .cell.full text { fill: #08131c; } }
.attention { display: block; width: 100%; height: auto; max-height: 420px; background: #fff; border-radius: 6px; }
.overlay { opacity: var(--overlay, .8); }
.controls { display: flex; flex-wrap: wrap; gap: 8px 36px; align-items: center; font-size: 14px; }
.controls label { display: flex; align-items: center; gap: 10px; } .controls input { width: 200px; accent-color: var(--accent); }
.colour-bar { display: flex; align-items: center; gap: 8px; color: var(--muted); font-size: 13px; }
.colour-bar { flex-wrap: wrap; }
.colour-scale { position: relative; display: block; width: 190px; padding: 0 0 16px; margin: 4px 10px 0; }
.colour-scale i { display: block; height: 12px; border-radius: 3px; background: ${COLOUR_BAR}; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.colour-ticks b { position: absolute; top: 13px; transform: translateX(-50%); font-weight: 400; font-size: 11px; }
.scroll { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
.card .scroll { border: 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 8px 16px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; font-size: 13px; vertical-align: bottom; }
th, td { min-width: 6em; } tbody th { min-width: 8.4em; } .whole { white-space: nowrap; }
tbody th { font-weight: 600; } tbody tr:last-child > * { border-bottom: 0; }
.sortable thead th { cursor: pointer; } .sortable thead th:hover { color: var(--accent); }
.wrong { color: var(--series-2); font-weight: 600; white-space: nowrap; }
details { margin-top: 14px; } summary { cursor: pointer; font-weight: 600; margin-bottom: 10px; }
pre { margin: 0; padding: 16px 20px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; }
footer { margin-top: 48px; color: var(--muted); font-size: 13px; }
td, th, li, summary, .note, figcaption, h3 { overflow-wrap: anywhere; } thead th { overflow-wrap: normal; }
@media (max-width: 820px) { .verdict { grid-template-columns: minmax(0, 1fr); padding: 16px 18px; } .judgement { font-size: 21px; } }
@media (max-width: 640px) {
  main { padding: 12px 10px 40px; } .figure { font-size: 13px; } th, td, tbody th { min-width: 0; } header { padding: 18px 16px; } h1 { font-size: 24px; } .card { padding: 14px 12px 10px; }
  .verdict { margin: 16px -16px 4px; border-radius: 0; padding: 14px 16px 14px 14px; } .facts { grid-template-columns: 1fr 1fr; gap: 12px 16px; }
  .controls { gap: 10px; } .controls input { width: 150px; }
  table, tbody, tr, th, td { display: block; width: auto; } thead { display: none; }
  tr { padding: 8px 0; border-bottom: 1px solid var(--line); } tr:last-child { border-bottom: 0; }
  tbody th, tbody td { padding: 3px 14px; border: 0; }
  td { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 14px; } td:empty { display: none; }
  td::before { content: attr(data-label); color: var(--muted); font-size: 13px; max-width: 100%; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 12px; }
}
@media print {
  body { background: none; font-size: 12px; } main { padding: 0; max-width: none; } nav, .controls label { display: none; }
  .card, .scroll, header { break-inside: avoid; } h2 { break-after: avoid; } .grid-2 { grid-template-columns: 1fr 1fr; } .grid-3 { grid-template-columns: 1fr 1fr 1fr; }
   pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .scroll { overflow: visible; } .scroll:has(.sortable) { break-inside: auto; } tr { break-inside: avoid; }
  thead th { white-space: normal; } .sortable { font-size: 11px; } .sortable th, .sortable td { padding: 3px 8px; }
}
`;

/** The overlay's slider, tables sorted by a click on a column, and all opened for the printer. */
export const SCRIPT = `
const slider = document.getElementById('opacity');
slider?.addEventListener('input', () => document.documentElement.style.setProperty('--overlay', slider.value / 100));
for (const head of document.querySelectorAll('.sortable thead th')) {
  head.tabIndex = 0;
  const sort = () => {
    const column = head.cellIndex;
    const body = head.closest('table').tBodies[0];
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const text = (row) => row.cells[column].textContent.replace('\\u2212', '-');
    const rows = [...body.rows].sort((a, b) => text(a).localeCompare(text(b), 'en', { numeric: false }) );
    const numbers = rows.every((row) => text(row) === '' || Number.isFinite(Number(text(row))));
    if (numbers) rows.sort((a, b) => Number(text(a)) - Number(text(b)));
    body.append(...(up ? rows : rows.reverse()));
  };
  head.addEventListener('click', sort);
  head.addEventListener('keydown', (event) => { if (event.key === 'Enter') sort(); });
}
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
`;
