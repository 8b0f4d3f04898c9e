"""Say a true sentence otherwise without making it false, by rule.

These keep a support model from taking every difference for an error. Each rule gives a text that the
sentence, with its neighbours, entails.
"""

from __future__ import annotations

import random
import re

from qa.language import facts

_SYNONYMS = """
said:stated|began:started|begin:start|begins:starts|big:large|bigger:larger
approximately:about|roughly:about|however:but|although:though|film:movie|purchased:bought
purchase:buy|obtained:got|assisted:helped|attempted:tried|attempt:try|constructed:built
residents:inhabitants|main:chief|primary:main|largest:biggest|rapidly:quickly|frequently:often
numerous:many|received:got|requires:needs|required:needed|ended:finished|killed:slain
near:close to|founded:established|located:situated|created:made|creates:makes
significant:important|important:significant|demonstrated:showed|demonstrates:shows
indicated:suggested|sufficient:enough|additional:further|area:region|regions:areas
manufactured:produced|employed:used|utilized:used|uses:employs|used:employed|commonly:widely
usually:normally|typically:usually|sometimes:at times|also:in addition|because:since
therefore:so|nearly:almost|almost:nearly|during:in the course of|within:inside|entire:whole
whole:entire|huge:enormous|small:little|car:automobile|city:town|country:nation
nation:country|countries:nations|war:conflict|company:firm|companies:firms|agreement:deal
opposed:was against|children:kids|physician:doctor|occurred:happened|occurs:happens
died:passed away|allowed:let|allows:lets|permitted:allowed|prevented:stopped|reduced:cut
selected:chosen|chose:picked|leader:head|leaders:heads|assault:attack|attacked:assaulted
talks:discussions|statement:declaration|announced:made known|declared:announced|wealthy:rich
difficult:hard|easy:simple|simple:easy|quick:fast|correct:right|incorrect:wrong|famous:well-known
well-known:famous|initially:at first|finally:in the end|currently:now
formerly:previously|previously:before|subsequently:afterwards|destroyed:wrecked|injured:hurt
wounded:injured|vital:essential|essential:vital|crucial:vital|major:important
various:different|several:a number of|people:persons|money:funds|job:post|aid:help|help:aid
cooperation:collaboration|support:backing|soldiers:troops|troops:soldiers|weapons:arms
border:frontier|government:authorities|meeting:gathering|met:got together|report:account
goal:aim|aim:goal|aims:goals|method:way|methods:ways|type:kind|types:kinds|part:portion
parts:portions|amount:quantity|number:figure|speech:address|book:volume|picture:image
images:pictures|maintained:kept|remains:stays|remained:stayed|resulted in:led to
led to:resulted in|caused:brought about|due to:because of|as a result of:because of
in order to:to|a lot of:much|such as:like|prior to:before|according to:as told by
"""
_SYNONYM = dict(pair.split(":") for line in _SYNONYMS.split("\n") if line for pair in line.split("|"))
_SYNONYM_RE = re.compile(rf"\b(?:{'|'.join(sorted(_SYNONYM, key=len, reverse=True))})\b")
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_LEADS = (
    "However|Moreover|Furthermore|In addition|Additionally|Also|Thus|Therefore|Indeed|For example|Meanwhile|"
    "As a result|Consequently|In fact|Then|And|But"
)
_TAILS = "including|such as|with|while|although|especially|particularly|after|as well as"
_SHORTER = (
    r" ?\([^()]*\)",
    r", (?:which|who|whose|where)\b[^,;]*(?=,)|, (?:which|who|where)\b[^,;]*(?=\.$)",
    rf"^(?:{_LEADS}),? ",
    rf", (?:{_TAILS})\b[^,;]*(?=\.$)",
    r"; [^;]+(?=\.$)",
    r"^(?:In|On|At|During|After|Since|By) [^,]{3,40}, ",
    r", but [^,;]*(?=\.$)",
    r", and [^,;]{12,}(?=\.$)",
    r"\b(?:very|quite|also|still|largely|generally|particularly|highly) ",
)
_UNNAMED = {"the", "a", "an", "he", "she", "it", "they", "his", "her", "their", "there", "this", "these"}


def synonyms(s: str, rng: random.Random) -> str:
    """Up to three words replaced by others that mean the same."""
    spots = list(_SYNONYM_RE.finditer(s))
    for m in sorted(rng.sample(spots, min(len(spots), rng.randint(1, 3))), key=lambda m: -m.start()):
        s = s[: m.start()] + _SYNONYM[m[0]] + s[m.end() :]
    return s


def numbers(s: str, rng: random.Random) -> str:
    """Another way to write a number."""
    s = re.sub(r"(?<=\d),(?=\d{3}\b)", "", s) if rng.random() < 0.5 else s
    s = re.sub(
        r"(?<![\d.,$€£:/-])\b([2-9]|1\d|20)\b(?![\d.,:%/-]|st|nd|rd|th| [A-Z])",
        lambda m: _UNITS[int(m[1])],
        s,
    )
    if rng.random() < 0.5:
        s = re.sub(
            r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b",
            lambda m: str(_UNITS.index(m[1])),
            s,
        )
    s = re.sub(r"(\d) ?%", r"\1 percent", s) if "%" in s else re.sub(r"(\d) per ?cent\b", r"\1%", s)
    if rng.random() < 0.5:
        s = re.sub(r"\$(\d[\d.,]*\d?)( (?:million|billion))?(?! ?(?:thousand))", r"\1\2 dollars", s)
    return s


def dates(s: str, rng: random.Random) -> str:
    """Another way to write a date."""
    day_first = re.sub(
        rf"\b({_MONTHS}) (\d{{1,2}})(?:st|nd|rd|th)?(?:, (\d{{4}}))?(?!\d)",
        lambda m: f"{m[2]} {m[1]}" + (f" {m[3]}" if m[3] else ""),
        s,
    )
    if day_first != s:
        return day_first
    month_first = re.sub(
        rf"\b(\d{{1,2}}) ({_MONTHS})(?: (\d{{4}}))?(?!\d)",
        lambda m: f"{m[2]} {m[1]}" + (f", {m[3]}" if m[3] else ""),
        s,
    )
    if rng.random() < 0.3:
        return re.sub(rf"\b({_MONTHS})\b(?= \d)", lambda m: m[0] if len(m[0]) < 5 else m[0][:3] + ".", month_first)
    return month_first


def shorter(s: str, rng: random.Random) -> str:
    """A bracket, relative clause, lead or tail dropped: what is left is still said."""
    ways = list(_SHORTER)
    rng.shuffle(ways)
    done = 0
    for pattern in ways:
        out = re.sub(pattern, "", s, count=1)
        if out != s and len(out.split()) >= 5:
            s, done = out, done + 1
        if done == 2:
            break
    return s[:1].upper() + s[1:]


def reordered(s: str, rng: random.Random) -> str:
    """An adverbial moved between front and end; a quotation and its speaker turned round."""
    m = re.fullmatch(r"((?:In|On|At|During|After|Before|By|Since|From|Under|For) [^,.]{3,45}), ([^,]+)\.", s)
    if m:
        return f"{m[2][:1].upper()}{m[2][1:]} {m[1][:1].lower()}{m[1][1:]}."
    m = re.fullmatch(r"([^,]+?) ((?:in|on|during|after|by|since) (?:the )?[^,.]*\d[^,.]*)\.", s)
    if m and len(m[1].split()) > 3:
        return f"{m[2][:1].upper()}{m[2][1:]}, {inside(m[1])}."
    m = re.fullmatch(r"[\"“](.+?),?[\"”],? (he|she|they|[A-Z]\w+(?: [A-Z]\w+)*) (said|added|wrote)\.", s)
    if m:
        return f'{m[2][:1].upper()}{m[2][1:]} {m[3]}, "{m[1]}."'
    return s


def inside(s: str) -> str:
    """A sentence as it stands within another: a small letter first, unless a name opens it."""
    return s[:1].lower() + s[1:] if s.split()[0].lower() in _UNNAMED else s


def names(s: str, rng: random.Random) -> str:
    """A name shortened to its last word, or spelled as another transliteration would."""
    found = [f for f in facts(s) if f.kind == "name"]
    if not found:
        return s
    f = rng.choice(found)
    said = s[f.start : f.end]
    words = said.split()
    if len(words) == 2 and not said.isupper() and rng.random() < 0.3 and not re.search(r"\b(of|the)\b", said):
        return s[: f.start] + words[-1] + s[f.end :]
    if rng.random() < 0.4 and len(words[-1]) > 4 and said.isascii():
        new = rng.choice(
            [(r"(?<=\w)ou", "u"), (r"(?<=\w)ee", "i"), (r"(?<=\w)u(?=\w)", "o"), (r"(?<=\w)e(?=[a-z]$)", "a")]
        )
        return s[: f.start] + re.sub(*new, said, count=1) + s[f.end :]
    return s


def resolved(before: str, s: str) -> str:
    """A pronoun that opens the sentence replaced by the name that opens the one before."""
    m = re.match(r"(He|She|It|They|His|Her|Its)\b(?! was [a-z]+ed that| is (?:likely|possible))", s)
    opener = next((f for f in facts(before) if f.kind == "name"), None)
    if (
        m is None
        or opener is None
        or opener.start > 4
        or (m[1] in {"He", "She", "His", "Her"} and " " not in opener.value)
    ):
        return s
    name = before[: opener.end]
    return name + ("'s" if m[1] in {"His", "Her", "Its"} else "") + s[m.end() :]


def merged(a: str, b: str, rng: random.Random) -> str:
    """Two sentences as one."""
    return a.rstrip(" .") + rng.choice((", and ", ", while ", "; ", " and ")) + inside(b)


def attributed(s: str, rng: random.Random) -> str:
    """An attribution to the text itself."""
    leads = (
        "According to the text, ",
        "The article says that ",
        "It is reported that ",
        "The passage states that ",
    )
    return rng.choice(leads) + inside(s)


def paraphrase(parts: list[str], at: int, rng: random.Random) -> str:
    """A sentence of a passage said otherwise; one to three rules applied."""
    s = parts[at]
    if at and rng.random() < 0.5:
        s = resolved(parts[at - 1], s)
    rules = [synonyms, synonyms, shorter, shorter, shorter, numbers, dates, reordered, reordered, names]
    rng.shuffle(rules)
    for rule in rules[: rng.randint(3, 5)]:
        s = rule(s, rng)
    if at + 1 < len(parts) and len(s) + len(parts[at + 1]) < 260 and rng.random() < 0.15:
        s = merged(s, shorter(parts[at + 1], rng), rng)
    if rng.random() < 0.06:
        s = attributed(s, rng)
    return s[:1].upper() + s[1:]
