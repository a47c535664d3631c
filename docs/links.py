"""Looks at every link of the documentation: `python docs/links.py`, which `make check` runs.

    python docs/links.py           # links inside lead somewhere; links to elsewhere are well formed
    python docs/links.py --reach   # tries those to elsewhere, too

A link inside leads to a file, and to a heading in it where there is a `#`. A link to elsewhere is
https, names a host with a domain, and ends where it should. Without `--reach`, or where there is no
network, these are listed as not reached, which is no failure; an answer that says that nothing is
there is one. The exit code is 1 when a link is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

DOCS = Path(__file__).parent
ROOT = DOCS.parent
MADE = DOCS / "generated"
LINK = re.compile(r"\]\(([^)\s]+)\)")
BARE = re.compile(r"<(https?://[^>\s]*)>")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
GONE = (404, 410)
SECONDS = 20


def pages() -> list[Path]:
    """List what people read: the pages of the documentation, and those beside it."""
    beside = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]
    return [
        *(ROOT / name for name in beside),
        ROOT / "plugins_example" / "README.md",
        *sorted(DOCS.glob("*.md")),
        *sorted(MADE.rglob("*.md")),
    ]


def links(page: Path) -> list[str]:
    """List the targets of a page's links, without what stands in blocks of code."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return LINK.findall(text) + BARE.findall(text)


def is_elsewhere(link: str) -> bool:
    """Tell whether a link leaves the documentation."""
    return re.match(r"[a-z][a-z0-9+.-]*:", link) is not None


def wrong_inside(link: str, page: Path, place: Path, made: Path = MADE) -> str:
    """Say what is wrong with a link inside; "" where it leads somewhere.

    Parameters:
        link: its target.
        page: the page that has it.
        place: the folder from which it counts.
        made: where the generated pages are.
    """
    path, _, anchor = link.partition("#")
    target = (place / path).resolve() if path else page
    if target.is_relative_to(MADE):
        target = made / target.relative_to(MADE)
    if not target.exists():
        return "there is no such file"
    if anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
        return f"{target.name} has no such heading"
    return ""


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them, and explicit ones."""
    text = FENCED.sub("", text)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
    return made | set(re.findall(r"^\((\S+)\)=$", text, re.MULTILINE))


def wrong_form(link: str) -> str:
    """Say what is wrong with the form of a link to elsewhere; "" where nothing is.

    >>> wrong_form("https://docs.pypi.org/trusted-publishers/")
    ''
    >>> wrong_form("http://example.com")
    'it is not https'
    """
    if link.startswith("mailto:"):
        return "" if re.fullmatch(r"mailto:[^@\s]+@[^@\s]+", link) else "it is no address"
    parts = urlsplit(link)
    if parts.scheme != "https":
        return "it is not https"
    if not HOST.fullmatch(parts.netloc):
        return f"{parts.netloc!r} is no host"
    return "it ends in punctuation" if link[-1] in ".,;:!?'\"" else ""


def reached(link: str) -> str:
    """Try a link: say "reached", "not reached: ..." or "gone: ..."."""
    request = urllib.request.Request(link, method="HEAD", headers={"User-Agent": "pluggrad-docs"})
    try:
        urllib.request.urlopen(request, timeout=SECONDS).close()
    except urllib.error.HTTPError as cause:
        return f"gone: {cause}" if cause.code in GONE else f"not reached: {cause}"
    except OSError as cause:
        return f"not reached: {cause}"
    return "reached"


def make_pages() -> None:
    """Write the generated pages, where no build has done so yet."""
    if not MADE.exists():
        import generate

        generate.write_all(MADE)


def looked_at(reach: bool) -> Iterator[tuple[Path, str, str]]:
    """Return each link with its page, and what is to be said of it; "" where it leads somewhere."""
    tried: dict[str, str] = {}
    for page in pages():
        for link in links(page):
            if not is_elsewhere(link):
                wrong = wrong_inside(link, page, page.parent)
                yield page, link, f"WRONG: {wrong}" if wrong else ""
            elif wrong := wrong_form(link):
                yield page, link, f"WRONG: {wrong}"
            else:
                if link not in tried:
                    tried[link] = reached(link) if reach else "not reached: not tried"
                yield page, link, tried[link]


def main() -> int:
    """Look at all links; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--reach", action="store_true", help="try links to elsewhere")
    make_pages()
    found = list(looked_at(parser.parse_args().reach))
    told = {(link, state): page for page, link, state in reversed(found) if state}
    for (link, state), page in sorted(told.items(), key=lambda item: item[0]):
        print(f"{state}\n    {link}, on {page.relative_to(ROOT)}")
    wrong = [
        state for state in (state for _, _, state in found) if state.startswith(("WR", "gone"))
    ]
    elsewhere = len({link for link, _ in told if is_elsewhere(link)})
    print(f"{len(found)} links, {elsewhere} places elsewhere, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
