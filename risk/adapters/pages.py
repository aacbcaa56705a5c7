"""Self-contained HTML pages: one file without scripts that opens offline, in the dark and in the light.

    page("Value at risk", [section("Verdict", paragraph(words), table(columns, rows))], language="en")

Plain strings are escaped wherever they stand; only what is `Markup` is not, and only this module and
`drawing` make it. Pictures lie inside the page; the whole is at most MOST_BYTES.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk.errors import DataError

MOST_BYTES = 600 * 1024

COLOURS = {"low": "#1f9e96", "medium": "#b98500", "high": "#dd5f12", "extreme": "#c8186a", "none": "#7d8896"}
"""The four levels and "not known", as on the live page."""

_LIGHT = (
    "--bg: #f3f5f8; --card: #fff; --line: #d5dde6; --ink: #17202a; --soft: #546373;"
    " --one: #1c66c9; --two: #8f6a00; color-scheme: light;"
)
STYLE = f"""
:root {{
  {" ".join(f"--{name}: {colour};" for name, colour in COLOURS.items())}
  --bg: #0d1218; --card: #151c24; --line: #2a3644; --ink: #e8edf3; --soft: #9fb0c0;
  --one: #6aa9f7; --two: #e3b341; color-scheme: dark;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
    "Microsoft YaHei", sans-serif;
}}
@media (prefers-color-scheme: light) {{ :root {{ {_LIGHT} }} }}
@media print {{ :root {{ {_LIGHT} }} section {{ break-inside: avoid; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1rem; max-width: 1150px; background: var(--bg); color: var(--ink);
  overflow-wrap: break-word; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin: 0 0 .6rem; }}
section {{ background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem;
  margin: 0 0 1rem; }}
p {{ max-width: 75ch; }} .note {{ color: var(--soft); font-size: .87rem; }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; width: 100%; font-size: .87rem;
  font-variant-numeric: tabular-nums; }}
caption {{ text-align: left; color: var(--soft); padding: .8rem 0 .3rem; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }}
th:first-child, td:first-child, .words {{ text-align: left; }}
th {{ color: var(--soft); font-weight: 600; white-space: normal; word-break: keep-all;
  vertical-align: bottom; }}
td.long {{ white-space: normal; }}
.badge {{ border-radius: 5px; padding: 0 .45rem; font-weight: 700; color: #fff; white-space: nowrap; }}
{" ".join(f".badge.{name} {{ background: var(--{name}); }}" for name in COLOURS)}
.badge.low, .badge.medium, .badge.high, .badge.none {{ color: #06110f; }}
figure {{ margin: 0 0 .8rem; }} figure img, figure svg {{ width: 100%; height: auto; display: block; }}
figcaption {{ color: var(--soft); font-size: .87rem; }}
"""


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is already safe."""

    text: str


Piece = Markup | str

LONG = 40
"""Characters from which on a text may break into lines."""


def page(
    title: str, sections: Iterable[Markup], *, language: str = "en", lead: Piece = "", footer: Piece = ""
) -> str:
    """The whole document.

    Raises:
        DataError: it is larger than MOST_BYTES.
    """
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [paragraph(lead).text] if lead else []
    body += [part.text for part in sections]
    body += [f"<footer>{note(footer).text}</footer>"] if footer else []
    document = (
        f'<!doctype html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )
    if (size := len(document.encode())) > MOST_BYTES:
        raise DataError(f"page {title!r}: {size} bytes, at most {MOST_BYTES}: draw fewer points or rows")
    return document


def save(path: Path, document: str) -> None:
    """Write a page whole or not at all.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(document, encoding="utf-8")
    beside.replace(path)


def section(heading: str, *parts: Piece) -> Markup:
    """A card with a heading; a plain string among the parts is a paragraph."""
    inside = "\n".join(part.text if isinstance(part, Markup) else paragraph(part).text for part in parts)
    return Markup(f"<section>\n<h2>{html.escape(heading)}</h2>\n{inside}\n</section>")


def paragraph(text: Piece) -> Markup:
    """One paragraph."""
    return Markup(f"<p>{_safe(text)}</p>")


def note(text: Piece) -> Markup:
    """One paragraph in small print."""
    return Markup(f'<p class="note">{_safe(text)}</p>')


def table(columns: Sequence[str], rows: Iterable[Sequence[Piece]], *, caption: str = "") -> Markup:
    """A table; every cell comes formatted. Words are read from the left, figures from the right.

    Raises:
        ValueError: a row has another length than the columns.
    """
    cells = list(rows)
    for row in cells:
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells for {len(columns)} columns")
    kinds = [_kind([row[i] for row in cells]) for i in range(len(columns))]
    lines = [
        "<tr>"
        + "".join(f"<td{kind}>{_safe(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in cells
    ]
    head = "".join(
        f'<th scope="col"{kind}>{html.escape(name)}</th>' for kind, name in zip(kinds, columns, strict=True)
    )
    words = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    body = "\n".join(lines)
    inside = f"{words}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return Markup(f'<div class="wide"><table>{inside}</table></div>')


def badge(level: str, text: str) -> Markup:
    """A word on the colour of a level (or "none"); the word, not the colour, carries the meaning.

    Raises:
        KeyError: no such level.
    """
    if level not in COLOURS:
        raise KeyError(level)
    return Markup(f'<span class="badge {level}">{html.escape(text)}</span>')


def picture(png: bytes, alternative: str, *, caption: str = "") -> Markup:
    """A PNG inside the page; `alternative` says in words what it shows."""
    source = base64.b64encode(png).decode("ascii")
    image = f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{source}">'
    return _figure(image, caption)


def drawing(svg: str, *, caption: str = "") -> Markup:
    """An SVG element inside the page, taken as it is: the caller escapes the words in it."""
    return _figure(svg, caption)


def _figure(inside: str, caption: str) -> Markup:
    words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return Markup(f"<figure>{inside}{words}</figure>")


def _safe(text: Piece) -> str:
    return text.text if isinstance(text, Markup) else html.escape(text)


def _kind(cells: Sequence[Piece]) -> str:
    """The class of a column: words where most of its texts have no digit, long where one may break."""
    texts = [cell for cell in cells if isinstance(cell, str) and len(cell) > 1]
    words = sum(not any(map(str.isdigit, text)) for text in texts)
    if any(len(text) > LONG for text in texts):
        return ' class="words long"'
    return ' class="words"' if 2 * words > len(texts) else ""
