"""How pages look: one column, the reader's own light or dark, no font to fetch."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --ink: #17191c; --quiet: #5f6368; --line: #e0e3e7;
  --ours: #0068a3; --tint: #e8f2fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131518; --card: #1c1f24; --ink: #e8eaed; --quiet: #9aa0a6; --line: #33373d;
    --ours: #6cbcf5; --tint: #17293a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3rem 1.25rem 5rem; max-width: 62rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
h1 { margin: 0 0 1rem; font-size: 1rem; font-weight: 600; color: var(--quiet); }
h2 { margin: 3.5rem 0 1rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; }
h3 { margin: 2rem 0 .15rem; font-size: 1rem; }
p { margin: 0 0 1rem; max-width: 44rem; }
.headline {
  max-width: none; font-size: clamp(1.4rem, 1rem + 2vw, 2.1rem);
  line-height: 1.25; font-weight: 650; letter-spacing: -.02em; text-wrap: pretty;
}
.quiet { color: var(--quiet); font-size: .9rem; }
.bars { list-style: none; margin: 2rem 0 1rem; padding: 0; display: grid; gap: .7rem; }
.bars li { display: grid; grid-template-columns: 15rem 1fr 8.5rem; gap: 1rem; align-items: center; }
.bars .track { position: relative; height: .8rem; border-radius: .4rem; background: var(--line); }
.bars .fill {
  position: absolute; inset: 0 auto 0 0; border-radius: .4rem; background: var(--quiet);
}
.bars .span {
  position: absolute; top: -.2rem; bottom: -.2rem; border: solid var(--ink); border-width: 0 1.5px;
  background: linear-gradient(var(--ink), var(--ink)) center / 100% 1.5px no-repeat;
}
.bars .ours { color: var(--ours); font-weight: 650; }
.bars .ours .fill { background: var(--ours); }
.bars b, td, th { font-variant-numeric: tabular-nums; }
.interval { color: var(--quiet); font-weight: 400; font-size: .85em; white-space: nowrap; }
figure { margin: 2rem 0 2.5rem; }
.sheet {
  overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: .6rem;
  background: #ffffff;
}
.sheet img { display: block; width: 100%; min-width: 34rem; height: auto; }
figcaption { margin-top: .6rem; color: var(--quiet); font-size: .9rem; }
.scroll { overflow-x: auto; margin: .5rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td {
  padding: .5rem .75rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; vertical-align: baseline;
}
th { font-weight: 600; }
thead th { color: var(--quiet); font-size: .85rem; }
th:first-child, .words th, .words td { text-align: left; }
tbody th { font-weight: 500; }
.cells th:first-child { position: sticky; left: 0; background: var(--paper); }
.cells small { display: block; color: var(--quiet); font-weight: 400; }
.cells .interval { display: block; }
.cells .ours th, .cells .ours td { background: var(--tint); color: var(--ours); font-weight: 650; }
.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .45rem 1.5rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.notes { padding-left: 1.2rem; max-width: 44rem; }
ul.notes li { margin-bottom: .5rem; }
.verdict { font-weight: 650; }
.verdict.fine { color: var(--quiet); }
.verdict.note { color: #b35900; }
.verdict.fault { color: #c62828; }
.findings td, .findings th { white-space: normal; text-align: left; vertical-align: top; }
.findings td:first-child, .findings th:first-child { white-space: nowrap; }
.thumbs { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .8rem; }
.thumbs figure { margin: 0; }
.thumbs img { display: block; width: 100%; border-radius: .3rem; background: var(--card); }
.thumbs figcaption { margin-top: .25rem; font-size: .72rem; line-height: 1.3; }
.pairs { grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; }
.columns { display: flex; align-items: flex-end; gap: 2px; height: 11rem; margin: 1.5rem 0 0; }
.columns li { flex: 1; display: flex; flex-direction: column; justify-content: flex-end;
  align-items: center; height: 100%; font-size: .72rem; color: var(--quiet); }
.columns .bar { width: 100%; background: var(--ours); border-radius: .2rem .2rem 0 0; }
ul.columns { list-style: none; padding: 0; }
details { margin-top: 3.5rem; }
summary { cursor: pointer; font-weight: 600; }
details table { font-size: .78rem; }
details th, details td { padding: .3rem .6rem; }
@media (max-width: 40rem) {
  body { padding-top: 1.5rem; }
  .bars li { grid-template-columns: 1fr auto; gap: .1rem 1rem; }
  .bars .track { grid-column: 1 / -1; grid-row: 2; }
  .cells th, .cells td { padding: .45rem .5rem; }
  .cells tbody th { white-space: normal; min-width: 8rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .7rem; }
}
@media print { body { max-width: none; } .sheet, .scroll { overflow: visible; } }
"""
