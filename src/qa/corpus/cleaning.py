"""What a page says, without what surrounds it: navigation, share bars, notices, repeated captions.

A block that is clearly prose is never dropped, save a cookie note and the like that fill a whole short block.
Doubtful ones (a lone "Print", a short line without a full stop) go only in the company of others, depending
on where they stand: before the article, inside it, or after it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from qa.corpus.blocks import Block, code, is_prose, normalise
from qa.schema import Section, Span

_RULE = re.compile(r"[-–—_*=~#.·•\s]*")

# -- what is never part of an article ------------------------------------------------------------------------

_ALWAYS = re.compile(
    r"""
      skip\ to\ (?:main\ |the\ )?content | jump\ to\ (?:navigation|search|content)
    | \W*(?:advertisement|advertising|sponsored(?:\ content)?|promoted(?:\ content)?)\W*
    | (?:story|article|content)\ continues\ (?:below|after)\b.{0,40}
    | share(?:\ (?:this|on|via|with)\b.{0,40})? | click\ to\ share\b.{0,60}
    | (?:filed\ under|posted\ in|tagged(?:\ (?:with|as))?|tags|categories)\s*:.{0,200}
    | (?:\d+|one|two|three)\s*-?min(?:ute)?s?(?:\ read)? | reading\ time\b.{0,20}
    | (?:high|\d[\d,.km]*)\ views
    | \(?(?:photo|image|picture)?\s*(?:credit|courtesy)s?\s*(?::|of\b).{0,120}
    | (?:sign\ up|subscribe|register)\ (?:now\ |today\ )?(?:to|for)\b.{0,80}
      \b(?:newsletters?|alerts?|updates|briefing|emails?|magazine|channel|inbox)\b.{0,60}
    | (?:subscribe|sign\ up)\ (?:now|today|here)\W* | get\ .{0,60}\b(?:in|to)\ your\ inbox\b.{0,40}
    | stay\ (?:updated|informed|tuned|connected|up\ to\ date|in\ the\ know)\b.{0,60}
    | (?:download|get|install)\ (?:now\ )?(?:the\ |our\ ).{0,40}\bapp\b.{0,60}
    | (?:download|get\ it|available)\ (?:on|from)\ (?:the\ )?(?:google\ play|app\ store)\b.{0,30}
    | (?:we\ (?:and\ our\ partners\ )?use|(?:this|our)\ (?:web)?site\ uses)\ cookies\b.{0,250}
    | by\ (?:continuing|using|browsing)\b.{0,80}\b(?:cookies|cookie\ policy)\b.{0,120}
    | (?:accept|reject|manage)\ (?:all\ )?(?:cookies|preferences)
    | (?:©|\(c\)|copyright)\ .{0,120}all\ rights\ reserved\W* | all\ rights\ reserved\W*
    | (?:read|see)\ (?:also|more|next)(?::.{0,160})?
    | (?:related|recommended|popular|more|latest)\ (?:articles|stories|news|posts|topics)\W*
    | you\ (?:may|might)\ also\ (?:like|be\ interested\ in)\W* | most\ (?:read|popular|viewed)
    | follow\ us\b.{0,60} | like\ us\ on\b.{0,40} | join\ our\ (?:whatsapp|telegram)\b.{0,60}
    | (?:leave|post)\ a\ (?:comment|reply) | \d+\ comments? | back\ to\ top
    | print\ this\ (?:page|article)
    """,
    re.IGNORECASE | re.VERBOSE,
)

_NETWORK = (
    r"share|facebook|twitter|x\.com|whats\s?app|messenger|telegram|linkedin|pinterest|reddit|instagram|youtube"
    r"|tiktok|threads|bluesky|flipboard|pocket|viber|e-?mail|print|copy\ link|tweet|pin"
)
_IN_COMPANY = re.compile(
    rf"""
      (?:{_NETWORK})(?:[\s,|/•·]+(?:{_NETWORK}))*
    | link\ copied | save | bookmark | listen | comments? | like | home | menu | search
    | log\s?in | sign\s?(?:in|up) | register | subscribe | donate | about(?:\ us)? | contact(?:\ us)?
    | privacy(?:\ policy)? | terms(?:\ (?:of\ (?:use|service)|&\ conditions))?
    | accept | decline | reject | close | ok | got\ it | more | (?:learn|read|show|load)\ more
    | (?:\S+\ )?(?:next|previous) | (?:next|previous)\ (?:article|post)
    | google\ play | app\ store | cookies? | we\ use(?:\ cookies)?
    | \d{{4}}-\d\d-\d\d(?:\s*\|\s*\d\d?:\d\d)?
    """,
    re.IGNORECASE | re.VERBOSE,
)

_CREDIT = re.compile(
    r"\s*\((?:photo|image|picture|photograph)?\s*(?:credit|courtesy)s?\s*(?::|of\b)[^()]{0,120}\)\s*$", re.I
)


def always(block: Block) -> bool:
    """Furniture wherever it stands."""
    return block.kind in ("text", "heading", "item") and _matches(_ALWAYS, block.text)


def in_company(block: Block) -> bool:
    """Furniture if there is more of it around."""
    return block.kind in ("text", "heading") and _matches(_IN_COMPANY, block.text)


@lru_cache(maxsize=8192)
def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return len(text) < 400 and bool(pattern.fullmatch(text))


def clean(blocks: Iterable[Block], *, title: str = "", infer_headings: bool = False, page: bool = False) -> list[Block]:
    """The blocks of the text, tidy.

    Args:
        blocks: the document from top to bottom.
        title: of the document; where it stands alone it is a heading.
        infer_headings: plain text: take a short line between paragraphs for the heading of what follows.
        page: of the web: leave out what surrounds the article, and what it says twice.
    """
    tidy = [replace(b, text=text) for b in blocks if not _RULE.fullmatch(text := _text(b))]
    tidy = _titled(_joined_lines(tidy, page), title, once=page)
    if page:
        tidy = _joined_lines(list(_without_furniture(_without_captions(tidy))), page)
    return list(_with_headings(tidy)) if infer_headings else tidy


def is_pasted(blocks: Iterable[Block]) -> bool:
    """Whether a plain text was copied off a page of the web: two of its lines are what stands around articles."""
    return sum(not b.page and always(replace(b, text=normalise(b.text))) for b in blocks) > 1


def _text(block: Block) -> str:
    return code(block.text) if block.kind == "code" else normalise(block.text)


def _joined_lines(blocks: Sequence[Block], page: bool) -> list[Block]:
    """Paragraphs that were broken mid sentence (by a page's end, a converter, an advertisement), made whole."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and _goes_on(groups[-1][-1], block, page):
            groups[-1].append(block)
        else:
            groups.append([block])
    return [_joined(group) if len(group) > 1 else group[0] for group in groups]


def _goes_on(before: Block, block: Block, page: bool) -> bool:
    if not (before.kind == block.kind == "text" and block.text[0].islower()):
        return False
    if before.text.isupper() or not (before.text[-1].isalnum() or before.text[-1] in ",-–—’'"):
        return False
    if not page:
        return True
    if in_company(before) or in_company(block):
        return False
    return always(before) == always(replace(before, text=f"{before.text} {block.text}"))


def _joined(group: Sequence[Block]) -> Block:
    turns: list[Span] = []
    at, page = 0, group[0].page
    for block in group:
        turns += [(at, block.page)] if block.page != page else []
        turns += [(at + offset, turn) for offset, turn in block.turns]
        page = turns[-1][1] if turns else page
        at += len(block.text) + 1
    return replace(group[0], text=" ".join(block.text for block in group), turns=tuple(turns))


def _without_captions(blocks: Sequence[Block]) -> list[Block]:
    """A caption that the page repeats stands once if it is a sentence, and goes if it is a label."""
    blocks = [replace(b, text=_CREDIT.sub("", b.text)) for b in blocks]
    blocks = [b for b in blocks if b.text]
    kept: list[Block] = []
    labels: set[str] = set()
    for run_is_fragments, group in groupby(blocks, key=lambda b: b.is_fragment):
        run = list(group)
        if run_is_fragments and len(run) == 2 and _repeats(*run):
            labels |= {b.text for b in run}
        else:
            kept += run
    kept = [b for b in kept if not (b.is_fragment and b.text in labels)]
    return [b for i, b in enumerate(kept) if not (i and is_prose(b.text) and b.text == kept[i - 1].text)]


def _repeats(label: Block, caption: Block) -> bool:
    """Whether two lines are one caption: equal, or the second says more after a comma or colon."""
    short, long = sorted((label.text, caption.text), key=len)
    return short == long or (long.startswith(short) and long[len(short)] in ",:;(–—-" and len(short.split()) > 1)


def _titled(blocks: Sequence[Block], title: str, *, once: bool) -> list[Block]:
    """The title as a heading; where it stands again it goes (`once`) or stays what it was."""
    named = normalise(title).casefold()
    seen = False
    kept = []
    for block in blocks:
        if named and block.kind in ("text", "heading") and block.text.casefold() == named:
            if not seen:
                block = replace(block, kind="heading", level=block.level or 1)
            elif once:
                continue
            seen = True
        kept.append(block)
    return kept


def _without_furniture(blocks: Sequence[Block]) -> Iterator[Block]:
    """Runs of blocks that are no prose are judged together: what one is shows in its neighbours."""
    first = next((i for i, b in enumerate(blocks) if _is_article(b)), len(blocks))
    last = max((i for i, b in enumerate(blocks) if _is_article(b)), default=-1)
    at = 0
    for article, group in groupby(blocks, key=_is_article):
        run = list(group)
        where = "head" if at < first else "tail" if at > last else "middle"
        at += len(run)
        yield from run if article else _own(run, where)


def _is_article(block: Block) -> bool:
    return block.kind in ("row", "code") or (block.kind != "heading" and is_prose(block.text) and not always(block))


def _own(run: Sequence[Block], where: str) -> Iterator[Block]:
    sure = [always(b) for b in run]
    doubtful = [in_company(b) for b in run]
    if not any(sure) and sum(doubtful) < 2:
        yield from run
        return
    furniture = [a or b for a, b in zip(sure, doubtful, strict=True)]
    several = sum(furniture) > 1
    first = furniture.index(True)
    last = len(run) - 1 - furniture[::-1].index(True)
    under_furniture = False  # "Related articles", then a list of them
    for i, block in enumerate(run):
        if block.kind == "heading":
            under_furniture = furniture[i]
        # before the article: site name, rubric; after it: tags (a few words), headlines of others
        above = where == "head" and i < last and block.is_fragment and several
        below = where == "tail" and block.is_fragment and (i > first or len(block.text.split()) <= 3)
        if not (furniture[i] or above or below or (under_furniture and where == "tail")):
            yield block


_NO_HEADING = re.compile(r".*@|.*https?:|.*\b(?:doi|issn|isbn)\b|.*[.,;:!\-–—]$|[\W\d_]*$", re.IGNORECASE)


def _may_head(text: str) -> bool:
    return len(text.split()) <= 12 and not text[0].islower() and not _NO_HEADING.match(text)


_QUESTION = re.compile(r"[^.!?？؟]{1,200}[?？؟]")
"""A line that only asks: what follows is its reply."""


def _with_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """A short line between paragraphs is the heading of what follows; so are two, or one with a number."""
    blocks = [replace(b, kind="text") if _is_lone_number(blocks, i) else b for i, b in enumerate(blocks)]
    short = Counter(block.text for block in blocks if block.is_fragment and len(block.text.split()) < 3)
    replies = any(n > 1 for n in short.values())  # "Agreed", "Refused", "Agreed": no headings, what became of the above
    last = len(blocks) - 1
    may = [
        b.is_fragment
        and _may_head(b.text)
        and not (i and ((replies and b.text in short) or _QUESTION.fullmatch(blocks[i - 1].text)))
        for i, b in enumerate(blocks)
    ]
    after = [not i or not (blocks[i - 1].kind == "heading" or blocks[i - 1].is_fragment) for i in range(len(blocks))]
    before = [i < last and (blocks[i + 1].kind != "text" or is_prose(blocks[i + 1].text)) for i in range(len(blocks))]
    for i, block in enumerate(blocks):
        first = 0 < i < last and may[i + 1] and before[i + 1]
        second = i > 1 and may[i - 1] and after[i - 1] and not after[i]
        if may[i] and ((after[i] and (before[i] or first)) or (second and before[i])):
            block = replace(block, kind="heading", level=2)
        yield block


_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})*[.)]?\s+[^\W\d_]")


def _is_lone_number(blocks: Sequence[Block], at: int) -> bool:
    """Whether a short line has a number but stands in no list: prose is before and after it."""
    beside = (blocks[at - 1].kind if at else "text", blocks[at + 1].kind if at + 1 < len(blocks) else "item")
    item = blocks[at]
    return item.kind == "item" and "item" not in beside and bool(_NUMBER.match(item.text)) and not is_prose(item.text)


def _same_run(before: Block, block: Block) -> bool:
    return before.kind == block.kind and block.kind in ("item", "row", "code") and not block.opens


# -- blocks into one text ------------------------------------------------------------------------------------


def assemble(blocks: Sequence[Block], title: str) -> tuple[str, tuple[Section, ...], tuple[int, ...]]:
    """Text, sections and page starts. Blocks are apart by a blank line; items of one list,
    rows of one table and lines of code by a line break. An item is indented as deep as it lies.

    The title, where it stands in the text, is no section's heading: it is the source's. Nor is a heading that all
    others lie under said over them.
    """
    if all(b.kind == "heading" for b in blocks):  # nothing but headings: then they are the text
        blocks = [replace(b, kind="text") for b in blocks]
    parts: list[str] = []
    headings: list[tuple[str, int, int, str]] = [("", 0, 0, "")]  # where their line starts and ends, what it lies under
    levels = [b.level for b in blocks if b.kind == "heading"]
    above: list[tuple[int, str]] = []
    pages: list[int] = []
    at = 0
    for i, block in enumerate(blocks):
        if i:
            parts.append("\n" if _same_run(blocks[i - 1], block) else "\n\n")
            at += len(parts[-1])
        if block.kind == "item" and block.level:
            parts.append("  " * min(block.level, 20))
            at += len(parts[-1])
        for offset, page in ((0, block.page), *block.turns):
            pages += [at + offset if pages else 0] * (page - len(pages))
        parts.append(block.text)
        if block.kind == "heading":
            own = "" if block.text.casefold() == normalise(title).casefold() else block.text
            above = [(level, said) for level, said in above if level < block.level]
            headings.append((own, at, at + len(block.text), above[-1][1] if above else ""))
            whole = len(headings) == 2 and min(levels[1:], default=0) > block.level
            above.append((block.level, "" if whole else own))
        at += len(block.text)
    text = "".join(parts)
    ends = [start for _, start, _, _ in headings[1:]] + [at]
    sections = tuple(
        Section(heading, start, end, over)
        for (heading, _, start, over), end in zip(headings, ends, strict=True)
        if heading or text[start:end].strip()
    )
    return text, sections if len(headings) > 1 else (), tuple(pages)
