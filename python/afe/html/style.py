"""How the report looks; colours follow the reader's preference for light or dark."""

CSS = """
:root{--bg:#fff;--fg:#1d2329;--soft:#667;--line:#dde;--tile:#f4f5f8;--light:62%;--stall:#c33}
@media(prefers-color-scheme:dark){
:root{--bg:#15181c;--fg:#e4e7ea;--soft:#99a;--line:#333a42;--tile:#1f242a;--light:52%;--stall:#f66}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1280px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 12px}h2{font-size:18px;margin:32px 0 4px}
p{margin:0 0 10px;color:var(--soft)}
.tiles{display:flex;flex-wrap:wrap;gap:10px}
.tile{background:var(--tile);border-radius:8px;padding:10px 16px;min-width:120px}
.tile b{display:block;font-size:20px}.tile span{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;width:100%}
th,td{padding:4px 8px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}
td{overflow-wrap:anywhere}td.n{white-space:nowrap}
svg{width:100%;height:auto;display:block;margin:6px 0}
svg text{font:10px system-ui,sans-serif;fill:var(--soft)}
svg line{stroke:var(--line)}
.layer{fill:hsl(var(--h) 60% var(--light));background:hsl(var(--h) 60% var(--light))}
.buffer{fill:hsl(var(--h) 45% var(--light));stroke:var(--bg);stroke-width:.4}
.dram{fill:#4a90d9;opacity:.4}.dram.store{fill:#d98e4a}.dram.instructions{fill:#8a8a8a}
.bar{width:160px;height:10px;display:flex;margin-top:5px}.bar i{height:100%}
.stall{background:var(--stall)}
pre{font-size:12px;white-space:pre-wrap;background:var(--tile);padding:10px;border-radius:8px}
details{margin:2px 0}summary{cursor:pointer}
"""
