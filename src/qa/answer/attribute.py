"""Who speaks: the outlet, and inside it the person or body whose words a sentence gives.

Rules over the text, no model. A reporting verb outside quotation marks has a subject; a pronoun or a bare
role ("he added", "the leader") is followed back through the sentences before it, as a reader would. Where
that fails the outlet alone is named: an attribution may be less precise than the text, never beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from qa.schema import Passage, Source, Span

OUTLET: Final = "According to {outlet}"
AUTHOR: Final = "According to {author} in {outlet}"
QUOTED: Final = "{speaker}, quoted by {outlet}"
REPORTED: Final = "{speaker}, as reported by {outlet}"
RELAYED: Final = "{outlet}, relaying {speaker}"

LOOK_BACK = 4
"""Sentences that a pronoun or a bare role is followed back."""

Sort = Literal["name", "role", "pronoun"]


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whoever a reporting verb belongs to, as the text puts it."""

    text: str
    sort: Sort

    @property
    def head(self) -> str:
        return self.text.split()[-1].casefold()


def attribute(source: Source, text: str, passage: Passage, span: Span) -> str:
    """Who says so, ready to stand before the text and a colon. The outlet is always named.

    Args:
        text: the words shown; quotation marks in it tell words spoken from words reported.
        span: where the words stand, in the document.
    """
    outlet = dated(source)
    who = speaker(passage, span)
    if not who or _is_outlet_itself(who, source):
        if source.author and source.author != source.name:
            return AUTHOR.format(author=source.author, outlet=outlet)
        return OUTLET.format(outlet=outlet)
    if _is_medium(who, passage.text):
        return RELAYED.format(outlet=outlet, speaker=who)
    template = QUOTED if _QUOTED.search(text) else REPORTED
    return template.format(speaker=who[0].upper() + who[1:] if who[:4] == "the " else who, outlet=outlet)


def dated(source: Source) -> str:
    """The outlet and its date in words: "LBCI (5 December 2023)"."""
    day = written_date(source.published)
    return f"{source.name} ({day})" if day else source.name


def written_date(iso: str) -> str:
    """A date in words, as precise as it is: "2017", "October 2023", "5 December 2023"; else unchanged."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", iso)
    if not match or not 0 < int(match[2] or 1) <= 12:
        return iso
    year, month, day = match.groups()
    parts = [str(int(day))] if day else []
    return " ".join([*parts, *([MONTHS[int(month) - 1]] if month else []), year])


MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)


def speaker(passage: Passage, span: Span) -> str:
    """The person or body whose speech the last sentence of a span gives; empty if the outlet itself speaks."""
    sentences = _sentences(passage)
    inside = [i for i, (start, end) in enumerate(sentences) if start < span[1] and end > span[0]]
    if not inside:
        return ""
    place = inside[-1]
    subject = _subject_of(passage, sentences, place)
    return _resolved(subject, passage, sentences, place) if subject else ""


def leans_back(text: str) -> bool:
    """Whether the first words of a sentence point to the sentence before it ("He added", "However, they")."""
    words = [w.casefold() for w in re.findall(r"[^\W\d_][\w’'-]*", text)[:7]]
    names = [w for w in re.findall(r"[^\W\d_][\w’'-]*", text)[:7]]
    if not words:
        return False
    if words[0] in _JOINS or " ".join(words[:2]) in _JOINS or " ".join(words[:3]) in _JOINS:
        return True
    if words[0] == "it" and _EXPLETIVE.match(text):
        return False
    if words[0] in ("this", "that", "these", "those") and len(words) > 1 and words[1] in _NOT_BACK:
        return False
    if words[0] in _BACK:
        return True
    if words[0] == "the" and len(words) > 2 and words[1] in _BARE and words[2] not in ("of", "for", "in", "who"):
        return words[1] not in _OWN_VOICE
    for word, shown in zip(words[1:5], names[1:5], strict=True):
        if shown[0].isupper():
            return False
        if word in _BACK_PRONOUNS:
            return True
    return False


def contested(text: str) -> bool:
    """Whether a sentence is speech, opinion, forecast, judgement or loaded: one that must name its source."""
    words = set(re.findall(r"[^\W\d_]+", text.casefold()))
    return bool(
        _QUOTED.search(text)
        or words & (_VERBS | _MODALS | _JUDGEMENTS)
        or any(word.startswith(_LOADED) for word in words)
        or _VIEW.search(text)
        or _ACCORDING.search(text)
    )


# -- the sentence -------------------------------------------------------------------------------------------


def _sentences(passage: Passage) -> tuple[Span, ...]:
    return passage.sentences or ((passage.start, passage.end),)


def _subject_of(passage: Passage, sentences: tuple[Span, ...], place: int) -> _Subject | None:
    """Who speaks in a sentence: named in it, or where the quotation around it closes or opens."""
    start, end = sentences[place]
    found = _subject(_outside_quotes(passage)[start - passage.start : end - passage.start])
    if found or not _in_quotation(passage, start, end):
        return found
    # a quotation over several sentences: its speaker stands where it ends, else where it began
    masked = _outside_quotes(passage)
    for other in (*range(place + 1, min(place + 5, len(sentences))), *range(place - 1, max(place - 5, -1), -1)):
        a, b = sentences[other]
        if other > place and not (_in_quotation(passage, a, b) or masked[a - passage.start :].lstrip()[:1] in "”\""):
            tail = _subject(masked[a - passage.start : b - passage.start])
            if other == place + 1 and tail and b - a < 60:
                return tail
            continue
        near = _subject(masked[a - passage.start : b - passage.start])
        if near:
            return near
    return None


def _outside_quotes(passage: Passage) -> str:
    return _masked(passage.text)


@lru_cache(maxsize=512)
def _masked(text: str) -> str:
    """The text with every quoted letter blanked: same length, the marks stay."""
    out: list[str] = []
    for paragraph in re.split(r"(\n\s*\n|\n)", text):
        open_ = False
        for i, char in enumerate(paragraph):
            if char in "“«" or (char == '"' and not open_) or (char == "”" and not open_ and i == 0):
                open_ = True
                out.append("“")
            elif char in "”»" or (char == '"' and open_):
                open_ = False
                out.append("”")
            else:
                out.append(" " if open_ and not char.isspace() else char)
    return "".join(out)


def _in_quotation(passage: Passage, start: int, end: int) -> bool:
    """Whether nearly all of a sentence stands in quotation marks."""
    masked = _masked(passage.text)[start - passage.start : end - passage.start]
    original = passage.slice(start, end)
    quoted = sum(a != b and b == " " for a, b in zip(original, masked, strict=True))
    return quoted > 0.8 * sum(c.isalnum() for c in original)


# -- the subject of a reporting verb --------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _subject(sentence: str) -> _Subject | None:
    """Who speaks, in a sentence whose quoted words are blanked."""
    for pattern in (_ACCORDING, _VIEW):
        match = pattern.search(sentence)
        if match:
            found = _phrase(_tokens(match["who"]))
            if found:
                return found
    tokens = _tokens(sentence)
    for i, word in enumerate(tokens):
        if not _reports(tokens, i):
            continue
        found = _inverted(tokens, i) or _by(tokens, i) if i else None
        found = found or _left(tokens, i)
        if found:
            return found
    return None


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_](?:[\w’'-]|\.(?=\w))*|[^\w\s]", text)


def _reports(tokens: list[str], i: int) -> bool:
    word = tokens[i]
    after = tokens[i + 1] if i + 1 < len(tokens) else ""
    if word in _PARTICLE_VERBS:
        return after in _PARTICLE_VERBS[word]
    if word not in _VERBS:
        return False
    return tokens[i - 1].casefold() not in ("to", "not") if i else False


def _inverted(tokens: list[str], i: int) -> _Subject | None:
    """ "...,” said London, author of ..." """
    if tokens[i] not in _INVERTING or tokens[i - 1] not in (",", "”", "?", "!", "."):
        return None
    right: list[str] = []
    for word in tokens[i + 1 :]:
        if not (word[0].isalnum()) or word in _STOPS or len(right) == 7:
            break
        right.append(word)
    if not right or not (right[0][0].isupper() or right[0] in _DETERMINERS or _is_particle_name(right[0])):
        return None
    return _phrase(right)


def _by(tokens: list[str], i: int) -> _Subject | None:
    """ "... was described by Abu Ubaida as ..." """
    if tokens[i - 1] not in _BE or "by" not in tokens[i + 1 : i + 4]:
        return None
    start = tokens.index("by", i) + 1
    right: list[str] = []
    for word in tokens[start:]:
        if not word[0].isalnum() or word in _STOPS or len(right) == 6:
            break
        right.append(word)
    return _phrase(right)


def _left(tokens: list[str], i: int) -> _Subject | None:
    """The phrase before the verb, an apposition between the two stepped over."""
    j = i - 1
    while j >= 0 and (tokens[j] in _ADVERBS or (tokens[j].endswith("ly") and tokens[j].islower())):
        j -= 1
    if j < 0 or tokens[j] in _BE:
        return None
    if tokens[j] == "who":
        j -= 1 + (j > 0 and tokens[j - 1] == ",")
        return _phrase(_back(tokens, j))
    if tokens[j] not in (",", ")", "—", "–"):
        if tokens[j] == "and" and j:  # "warned ... and said": the subject of the first verb
            return None
        return _phrase(_back(tokens, j))
    opening = "(" if tokens[j] == ")" else tokens[j]
    for k in range(1, j):  # the first phrase that begins a clause and is closed by the opening mark
        if tokens[k] != opening:
            continue
        words = _back(tokens, k - 1)
        begins = k - len(words)
        if words and (begins == 0 or tokens[begins - 1] in _CLAUSE_EDGES):
            found = _phrase(words)
            if found and found.sort != "pronoun":
                return found
    # "Firas Maksad of the Institute, a fellow there, said": the name opens the sentence
    opening_words: list[str] = []
    for word in tokens[:j]:
        if not (word[0].isupper() or _is_particle_name(word)):
            break
        opening_words.append(word)
    return _phrase(opening_words) if len(opening_words) > 1 else None


def _back(tokens: list[str], end: int) -> list[str]:
    """The noun phrase that ends at token `end`."""
    words: list[str] = []
    for k in range(end, max(-1, end - 9), -1):
        word = tokens[k]
        joins = word in ("and", "of", "for", "the") and words and k and _named(words[0]) and _named(tokens[k - 1])
        joins = joins or (word == "the" and k > 1 and tokens[k - 1] in ("of", "for") and _named(tokens[k - 2]))
        if not word[0].isalnum() or (word.casefold() in _STOPS and not joins and word.casefold() not in _PRONOUNS):
            break
        words.insert(0, word)
        if word.casefold() in _DETERMINERS and not joins:
            break
    return words


def _phrase(words: list[str]) -> _Subject | None:
    """A name, a role or a pronoun, if the words are one."""
    while words and words[0].casefold() in _LEADING:
        words = words[1:]
    if not words:
        return None
    if len(words) == 1 and words[0].casefold() in _PRONOUNS:
        return _Subject(words[0].casefold(), "pronoun")
    last = re.sub(r"[’']s$", "", words[-1])
    words = [*words[:-1], last]
    if _named(last) and last.casefold() not in _STOPS:
        name: list[str] = []
        for word in reversed(words):
            if not (_named(word) or (name and word in _NAME_JOINS)):
                break
            name.insert(0, word)
        while name and name[0] in _NAME_JOINS:
            name = name[1:]
        return _Subject(_cut_of(name), "name") if name else None
    if last.casefold() in _ROLES or last.casefold() in _OWN_VOICE:
        text = " ".join(words)
        return _Subject(text[0].lower() + text[1:] if words[0].casefold() in _DETERMINERS else text, "role")
    return None


def _cut_of(name: list[str]) -> str:
    """ "Firas Maksad of the Institute" is Firas Maksad; "Bank of England" is one name."""
    for i, word in enumerate(name):
        if word == "of" and i > 1:
            return " ".join(name[:i])
    return " ".join(name)


def _named(word: str) -> bool:
    return word[0].isupper() or _is_particle_name(word)


def _is_particle_name(word: str) -> bool:
    return bool(re.match(r"(?:al|el|an|ad|as|ar|ash)[-‑–]\w", word))


# -- whom a pronoun or a bare role stands for -------------------------------------------------------------------


def _resolved(subject: _Subject, passage: Passage, sentences: tuple[Span, ...], place: int) -> str:
    before = range(place - 1, max(place - 1 - LOOK_BACK, -1), -1)
    if subject.sort == "name":
        return _full_name(subject.text, passage.text)
    if subject.sort == "role":
        bare = len(subject.text.split()) <= 2 and subject.text.split()[0].casefold() in _POINTING
        if not bare:
            return subject.text
        for i in before:
            earlier = _subject_of(passage, sentences, i)
            if earlier and _answers_to(earlier, subject.head, passage.text):
                return _resolved(earlier, passage, sentences, i)
        if subject.head in _OWN_VOICE:
            return ""
        fuller = _fuller_role(subject.head, passage.text[: sentences[place][0] - passage.start])
        return fuller or subject.text
    for i in before:
        earlier = _subject_of(passage, sentences, i)
        if not earlier and subject.text in ("he", "she"):
            person = _only_person(passage.slice(*sentences[i]))
            if person:
                return _full_name(person, passage.text)
            continue
        if earlier and _fits(subject.text, earlier):
            return _resolved(earlier, passage, sentences, i)
    return ""


def _answers_to(earlier: _Subject, head: str, text: str) -> bool:
    """Whether an earlier subject is what "the leader" or "the report" means."""
    if head == "report":
        return earlier.sort == "name" and _is_medium(earlier.text, text)
    if head in _OWN_VOICE:
        return False
    if earlier.sort == "role":
        return earlier.head == head or (head in _PERSONS and earlier.head in _PERSONS)
    return earlier.sort == "pronoun" or (
        head in _PERSONS and bool(re.search(rf"\b{head}\b[^.;]{{0,30}}{re.escape(earlier.text)}", text))
    )


def _fits(pronoun: str, earlier: _Subject) -> bool:
    if pronoun == "it":
        return earlier.text == "it" or earlier.head not in _PERSONS | {"he", "she", "they"}
    if pronoun == "they":
        return earlier.text == "they" or earlier.head.endswith("s") or " and " in earlier.text
    return earlier.text not in ("it", "they") and not (
        earlier.sort == "role" and earlier.head not in _PERSONS | {"author"}
    )


def _only_person(sentence: str) -> str:
    """The one person a sentence names by two words or more; empty where there are several."""
    pairs = {m for m in _PERSON.findall(sentence) if not set(m.split()) & _NOT_PERSONS}
    return pairs.pop() if len(pairs) == 1 else ""


def _full_name(name: str, text: str) -> str:
    """The name with its first names, where the passage gives them once: London -> Doug London."""
    if " " in name:
        return name
    longer = {
        m
        for m in re.findall(rf"(?:[A-Z][\w’'-]+\s+){{1,3}}{re.escape(name)}\b(?!-)", text)
        if not set(m.split()[:-1]) & _NOT_FIRST_NAMES
    }
    kept = {" ".join(m.split()) for m in longer}
    shortest = min(kept, key=len, default="")
    return shortest if all(full.endswith(shortest) for full in kept) and shortest else name


def _fuller_role(head: str, text: str) -> str:
    """The last fuller phrase for a role: "the leader" -> "the Hamas leader"."""
    found = re.findall(rf"\b((?:[Aa]n?|[Tt]he|[Oo]ne)\s+(?:[\w’'-]+\s+){{1,3}}?{head})\b", text)
    return f"the {' '.join(found[-1].split()[1:])}" if found else ""


def _is_outlet_itself(who: str, source: Source) -> bool:
    mine, theirs = _bare(who), [_bare(n) for n in (source.publisher, source.author, source.title) if n]
    initials = "".join(w[0] for w in source.publisher.split() if w[0].isupper())
    return any(mine == t or (len(mine) > 3 and f" {mine} " in f" {t} ") for t in theirs) or who == initials


def _bare(name: str) -> str:
    return re.sub(r"^the\s+", "", name.casefold()).strip()


def _is_medium(who: str, text: str) -> bool:
    """Whether a name is that of a newspaper, agency or broadcaster, by itself or by its apposition."""
    words = set(who.casefold().split())
    if words & _MEDIA:
        return True
    nouns = "|".join(sorted(_MEDIA))
    return bool(
        re.search(rf"{re.escape(who)}\s*(?:,|\()\s*(?:an?|the)\s+[^,.;]{{0,40}}\b(?:{nouns})\b", text)
        or re.search(rf"\b(?:{nouns})\s+{re.escape(who)}\b", text)
    )


# -- words ------------------------------------------------------------------------------------------------------

_QUOTED = re.compile(r"[“”«»]|(?<!\w)\"|\"(?!\w)")
_WHO = r"(?P<who>(?:[^\W_][\w’'.-]*\s+){0,6}?[^\W_][\w’'-]*?)"
_ACCORDING = re.compile(rf"\b[Aa]ccording\s+to\s+{_WHO}(?=\s*(?:[,.;:)“]|$|\s(?:in|on|at|who|which|and)\s))")
_VIEW = re.compile(
    rf"\b[Ii]n\s+(?P<who>(?:[^\W_][\w’'.-]*\s+){{0,4}}?[^\W_][\w-]*?)[’']s?\s+"
    r"(?:view|judge?ment|account|words|opinion|reading|telling|estimate|eyes|image)\b"
    r"|\b[Ii]n\s+(?P<whose>his|her|their|its)\s+"
    r"(?:view|judge?ment|account|words|opinion|reading|telling|estimate|eyes|image)\b".replace(
        "(?P<whose>his|her|their|its)", "(?:his|her|their|its)"
    )
)
_EXPLETIVE = re.compile(
    r"It\s+(?:is|was|has\s+been|will\s+be|seems?|seemed|appears?|appeared|remains?|would)\s+"
    r"(?:\w+\s+){0,2}?(?:that|to|in|on|not|clear|unclear|possible|likely|unlikely|known|said|believed)\b"
)
_PERSON = re.compile(r"\b(?:[A-Z][\w’'-]+\s+){1,2}(?:al-|el-)?[A-Z][\w’'-]+")

_VERBS = frozenset(
    "accuse accused accuses acknowledge acknowledged acknowledges add added adds admit admitted admits allege "
    "alleged alleges announce announced announces argue argued argues assert asserted asserts believe believed "
    "believes call called calls caution cautioned cautions claim claimed claims comment commented comments "
    "complain complained complains conclude concluded concludes confirm confirmed confirms contend contended "
    "contends declare declared declares denied denies deny describe described describes disclose disclosed "
    "discloses dispute disputed disputes doubt doubted doubts emphasise emphasised emphasises emphasize "
    "emphasized emphasizes estimate estimated estimates expect expected expects explain explained explains "
    "foresaw foresee foresees forecast forecasts insist insisted insists judge judged judges maintain "
    "maintained maintains mention mentioned mentions note noted notes observe observed observes predict "
    "predicted predicts pledge pledged pledges praise praised praises presume presumed presumes promise "
    "promised promises reason reasoned reasons recall recalled recalls reiterate reiterated reiterates reject "
    "rejected rejects remark remarked remarks repeat repeated repeats reply replied replies report reported "
    "reports respond responded responds reveal revealed reveals said say says state stated states stress "
    "stressed stresses suggest suggested suggests tell tells told testified testifies testify think thinks "
    "thought urge urged urges vow vowed vows warn warned warns write writes wrote criticise criticised "
    "criticises criticize criticized criticizes condemn condemned condemns quip quipped answered".split()
)
_PARTICLE_VERBS = {
    "went": ("on",), "goes": ("on",), "points": ("out", "to"), "pointed": ("out", "to"), "holds": (",", ".", "that"),
    "held": ("that",), "put": ("it",), "puts": ("it",), "asks": (), "finds": (",", ".", "that"),
    "found": ("that",), "spoke": ("of",), "speaks": ("of",), "sees": (",", "in", "that"), "lists": (),
}  # fmt: skip
_INVERTING = frozenset(
    "said says added adds wrote writes argued argues warned warns explained explains noted notes asked asks "
    "recalled recalls claimed claims insisted insists concluded replied told".split()
) - {"told"}
_BE = frozenset("is are was were be been being".split())
_ADVERBS = frozenset(
    "also then later again even once still now never always often first further afterwards has have had "
    "would will could did does do in fact himself herself themselves itself too instead since so".split()
) - {"in", "fact", "since", "so"}
_PRONOUNS = frozenset("he she they it who".split())
_DETERMINERS = frozenset("the a an this that these those its his her their one some several many two three".split())
_POINTING = frozenset("the this that its his her their".split())
_LEADING = frozenset("but and yet so still meanwhile however also when while as although though if".split())
_NAME_JOINS = frozenset("and of for the bin ibn al de van von der du da".split())
_CLAUSE_EDGES = frozenset([",", "”", ".", ";", ":", "—", "–", "and", "but", "while", "as", "that", "when", "(", "“"])
_STOPS = frozenset(
    "that which but because when as if where while whereas since after before though although so then than in "
    "on at by with from to into about over under between and or what how why not is are was were has have had "
    "be been said told without during against among nor yet of for the he she they it who whom whose".split()
) - {"of", "for", "the"}

_PERSONS = frozenset(
    "leader official officer spokesman spokeswoman spokesperson source minister president ambassador general "
    "commander analyst expert scholar professor researcher diplomat adviser advisor director chairman chief "
    "deputy head lawyer judge lawmaker senator witness doctor envoy secretary mayor governor activist "
    "historian journalist correspondent critic fellow executive founder coach man woman he she".split()
)
_BODIES = frozenset(
    "statement communique communiqué sources officials leaders ministers experts analysts critics observers "
    "officers diplomats witnesses spokesmen researchers scholars lawmakers residents militants commanders "
    "ministry government army military police court committee council commission agency organization "
    "organisation group movement party company union authorities administration embassy office report poll "
    "survey reports media outlets team board bank university hospital intelligence opposition association".split()
)
_ROLES = _PERSONS | _BODIES
_OWN_VOICE = frozenset(
    "newspaper paper article center centre institute outlet broadcaster review author authors study analysis "
    "journal website site magazine report piece text abstract".split()
)
_MEDIA = frozenset(
    "outlet newspaper broadcaster channel agency network station magazine daily website news times post press "
    "tv television radio tribune herald gazette journal".split()
)
_NOT_PERSONS = frozenset(
    "The A An In On At But And When While After Before University Institute Center Centre Council Party Army "
    "Ministry Islamic United National Prime President Street East West North South January February March "
    "April May June July August September October November December Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday Brigades Bureau Strip Bank Gulf Sea Flood Jihad States Nations Union Court Committee".split()
)
_NOT_FIRST_NAMES = frozenset(
    "The A An In On At But And When While After Before As If Though Since For From With By Of To Later Still "
    "Yet Then According Even".split()
)

_JOINS = frozenset(
    "however but yet still moreover furthermore besides nevertheless nonetheless instead therefore thus hence "
    "consequently accordingly similarly likewise meanwhile otherwise also afterwards then throughout and or so "
    "|in addition|as evidence|for example|for instance|as a result|in turn|even so|in contrast|by contrast|if "
    "anything|on the other|one reason|in response|at the same|that is why".replace("\n", " ").split("|")[0].split()
) | frozenset(
    [
        "in addition", "as evidence", "for example", "for instance", "as a result", "in turn", "even so",
        "in contrast", "by contrast", "if anything", "on the other", "in response", "at the same", "even then",
        "in that", "in this", "in those", "in these", "after that", "since then", "none of", "both of",
    ]
)  # fmt: skip
_BACK_PRONOUNS = frozenset("he she they it his her hers their theirs its him them himself herself".split())
_BACK = _BACK_PRONOUNS | frozenset("this that these those such both neither another others latter former same".split())
_NOT_BACK = frozenset("week month year morning evening time who that which is".split()) - {"is", "that"}
_BARE = _PERSONS | _BODIES | _OWN_VOICE | frozenset(
    "meeting visit attack attacks talks agreement deal event incident two three first second third latter "
    "former same other others men women move decision plan measure battle channel school".split()
)  # fmt: skip

_MODALS = frozenset("may might could should must would will likely unlikely probably possibly perhaps".split())
_JUDGEMENTS = frozenset(
    "clearly obviously unfortunately fortunately surely undoubtedly certainly best worst better worse greatest "
    "unprecedented outrageous shameful heroic brutal evil ominous reckless fraudulent sincere cowardly brave "
    "successful failure threat threatens danger dangerous appears appear seems seem believe hope hopes fear "
    "fears presumably supposedly allegedly apparently intends aims wants".split()
)
_LOADED = (
    "terror", "martyr", "regime", "massacr", "slaughter", "genocid", "extremis", "fanatic", "puppet", "thug",
    "aggressi", "occupier", "occupation", "resistance", "liberat", "enemy", "enemies", "zionis", "jihadi",
    "infidel", "crusade", "barbar", "atroci", "glorious", "steadfast", "propagand", "mastermind", "militant",
)  # fmt: skip
