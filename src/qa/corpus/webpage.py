"""What a web page declares about itself: schema.org in JSON-LD and as microdata, meta elements (Open Graph, Highwire,
Dublin Core and plain ones), microformats; see https://schema.org/Article and https://ogp.me.

Nothing is guessed from its text, its links or its addresses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from qa.corpus.blocks import normalise
from qa.corpus.declared import clean

_META = {
    "title": "citation_title og:title dc.title dcterms.title twitter:title",
    "author": "citation_author author dc.creator dcterms.creator parsely-author sailthru.author byl article:author",
    "publisher": "og:site_name citation_publisher dc.publisher dcterms.publisher citation_journal_title publisher",
    "published": "article:published_time citation_publication_date citation_date dc.date.issued dcterms.issued "
    "dc.date dcterms.date dcterms.created parsely-pub-date sailthru.date pubdate publish-date publish_date "
    "publication_date date og:published_time",
    "updated": "article:modified_time og:updated_time dcterms.modified dc.date.modified last-modified",
    "language": "dc.language content-language og:locale",
    "rights": "dc.rights dcterms.rights copyright",
    "version": "version",
}  # fmt: skip
"""Names of meta elements, best first."""

_ABOUT_PAGE = re.compile(
    r"(?:\w*Article|BlogPosting|\w*Posting|Report|\w*WebPage|FAQPage|Recipe|Book|Chapter|HowTo|Review|Dataset|\w*Document"
    r"|Guide|Manual|Legislation|Message|CreativeWork|Thesis|PresentationDigitalDocument|SoftwareSourceCode|Course)$"
)
_KINDS = {
    "ScholarlyArticle": "research", "MedicalScholarlyArticle": "research", "AnalysisNewsArticle": "analysis",
    "OpinionNewsArticle": "analysis", "NewsArticle": "news", "ReportageNewsArticle": "news",
}  # fmt: skip


_HEADS = "//h1 | //h2 | //p[contains(concat(' ', @class, ' '), ' title ')] | //p[contains(@class, 'MsoTitle')]"


def declared(tree: Any) -> dict[str, Any]:
    """What the page declares, by our fields.

    Args:
        tree: of lxml.
    """
    meta = _meta(tree)
    found: dict[str, Any] = {}
    for given in (_linked(tree), meta, _marked(tree), _links(tree)):
        for field, value in given.items():
            if value and not found.get(field):
                found[field] = value
    heads = [head for h in tree.xpath(_HEADS) if (head := clean("".join(h.itertext())).strip("#§ "))]
    titles = [clean("".join(t.itertext())) for t in tree.xpath("//head/title")]
    found["title"] = _title(
        clean(found.get("title")), heads, titles[0] if titles else "", clean(found.get("publisher"))
    )
    if clean(found.get("publisher")).casefold() == found["title"].casefold():
        found.pop("publisher", None)
    if "citation_doi" in meta or "citation_journal_title" in meta:
        found["kind"] = "research"
    language = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
    found["language"] = language or found.get("language")
    return {field: value for field, value in found.items() if value}


def _title(said: str, heads: list[str], whole: str, site: str) -> str:
    """The page's own, without the site's: what is said in meta elements, the first part of the title that is a
    heading too, the title; else the first heading."""
    for title in (said if said.casefold() != site.casefold() else "", whole):
        parts = [part for part in re.split(r"\s+[–—·»:-]+\s+|\s*\|+\s*", title) if part]
        if found := [part for part in parts if part.casefold() in map(str.casefold, heads)]:
            return found[0]
        if len(parts) > 1 and site.casefold() in (parts[0].casefold(), parts[-1].casefold()):
            first, last = title.find(parts[1]), title.rfind(parts[-2]) + len(parts[-2])
            return title[first:] if site.casefold() == parts[0].casefold() else title[:last]
        if title:
            return title.rstrip(" :")
    return heads[0] if heads else ""


def _meta(tree: Any) -> dict[str, Any]:
    given: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        name = element.get("name") or element.get("property") or element.get("http-equiv") or ""
        if content := clean(element.get("content")):
            given.setdefault(name.strip().lower(), []).append(content)
    found: dict[str, Any] = {}
    for field, names in _META.items():
        for name in names.split():
            values = [v for v in given.get(name, ()) if field != "author" or not re.match(r"\w+://|@", v)]
            if values:
                found[field] = list(dict.fromkeys(values)) if field == "author" else values[0]
                break
    for name in ("citation_doi", "citation_journal_title"):
        if name in given:
            found[name] = given[name][0]
    if doi := found.get("citation_doi"):
        found["doi"] = doi
    return found


def _linked(tree: Any) -> dict[str, Any]:
    """schema.org in JSON-LD: of the thing that is the page itself."""
    things = _things(tree)
    pages = [(thing, kind) for thing in things for kind in _types(thing) if _ABOUT_PAGE.match(kind)]
    pages.sort(key=lambda item: item[1].endswith("WebPage") or item[1] == "CreativeWork")
    by_id = {thing["@id"]: thing for thing in things if isinstance(thing.get("@id"), str)}
    found: dict[str, Any] = {}
    for thing, kind in pages[:3]:
        given = {
            "title": _called(thing, tree),
            "author": [_named(a, by_id) for a in _listed(thing.get("author") or thing.get("creator"))],
            "publisher": next((_named(p, by_id) for p in _listed(thing.get("publisher"))), ""),
            "published": thing.get("datePublished") or thing.get("dateCreated"),
            "updated": thing.get("dateModified"),
            "language": thing.get("inLanguage"),
            "version": thing.get("version"),
            "rights": thing.get("license") if isinstance(thing.get("license"), str) else None,
            "kind": _KINDS.get(kind),
        }
        for field, value in given.items():
            value = [v for v in value if v] if isinstance(value, list) else value
            if value and not found.get(field):
                found[field] = value
    return found


def _called(thing: Mapping[str, Any], tree: Any) -> Any:
    """Its headline or name, whichever the page's own title holds: an encyclopedia's "headline" is a description."""
    given = [thing.get("headline"), thing.get("name")]
    own = normalise(tree.findtext(".//title") or "").casefold()
    held = [title for title in given if isinstance(title, str) and title and normalise(title).casefold() in own]
    return next((title for title in (*held, *given) if title), None)


def article_body(tree: Any) -> str:
    """The article where a page gives it to machines alone; the longest of several."""
    return max(
        (body for thing in _things(tree) if isinstance(body := thing.get("articleBody"), str)), key=len, default=""
    )


def _things(tree: Any) -> list[Mapping[str, Any]]:
    """All that the JSON-LD of a page tells of."""
    things: list[Mapping[str, Any]] = []
    for element in tree.iter("script"):
        if (element.get("type") or "").lower().startswith("application/ld+json"):
            try:
                things += _flat(json.loads((element.text or "").strip().rstrip(";"), strict=False))
            except (ValueError, RecursionError):
                continue
    return things


def _flat(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for item in value[:200]:
            yield from _flat(item, depth)
    elif isinstance(value, Mapping) and depth < 4:
        yield value
        yield from _flat(value.get("@graph") or [], depth + 1)
        yield from _flat(value.get("mainEntity") or [], depth + 1)


def _types(thing: Mapping[str, Any]) -> list[str]:
    return [kind for kind in _listed(thing.get("@type")) if isinstance(kind, str)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _named(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> str:
    if isinstance(value, Mapping):
        value = value.get("name") or by_id.get(str(value.get("@id")), {}).get("name") or ""
        value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else ""


_MARKED = {
    "title": ("@itemprop='headline'", "contains(concat(' ', @class, ' '), ' p-name ') and self::h1"),
    "author": (
        "@itemprop='author'", "@rel='author'", "contains(concat(' ', @class, ' '), ' p-author ')",
        "contains(concat(' ', @class, ' '), ' vcard ')",
    ),
    "publisher": ("@itemprop='publisher'",),
    "published": (
        "@itemprop='datePublished'", "self::time and @pubdate", "contains(concat(' ', @class, ' '), ' dt-published ')",
        "self::time and contains(concat(' ', @class, ' '), ' published ')",
        "self::time and contains(concat(' ', @class, ' '), ' entry-date ')",
    ),
    "updated": ("@itemprop='dateModified'", "contains(concat(' ', @class, ' '), ' dt-updated ')"),
}  # fmt: skip


def _marked(tree: Any) -> dict[str, Any]:
    """Microdata and microformats: the words of the marked element, or its content attribute."""
    found: dict[str, Any] = {}
    for field, tests in _MARKED.items():
        for test in tests:
            values = []
            for element in _together(tree.xpath(f"//*[{test}]")[:20], field):
                inside = element.xpath(".//*[@itemprop='name']")
                element = inside[0] if inside else element
                text = element.get("datetime") or element.get("content") or clean("".join(element.itertext()))
                if text and len(text) < 120:
                    values.append(text)
            values = list(dict.fromkeys(values))
            if values and (len(values) == 1 or field == "author"):  # several dates are those of several things
                found[field] = values[:10] if field == "author" else values[0]
                break
    if "published" not in found:  # one time in the article's own header
        times = {t.get("datetime") for t in tree.xpath("//header//time[@datetime] | //main/time[@datetime]")}
        if len(times) == 1:
            found["published"] = times.pop()
    return found


def _together(found: list[Any], field: str) -> list[Any]:
    """Of several authors those that stand beside the first: the others are those of other articles."""
    if field != "author" or not found:
        return found
    first = found[0].getparent()
    near = (first, first.getparent())
    return [e for e in found if e.getparent() in near or e.getparent().getparent() in near]


def _links(tree: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for link in tree.iter("link"):
        relation = (link.get("rel") or "").lower().split()
        if "canonical" in relation:
            found["url"] = link.get("href")
        if "license" in relation:
            found["rights"] = link.get("href")
    addresses = [m.get("content") for m in tree.iter("meta") if m.get("property") == "og:url"]
    found.setdefault("url", addresses[0] if addresses else None)
    return found
