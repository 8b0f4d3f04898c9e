"""English words that tell who speaks, what leans on the sentence before, and what is opinion. Data only."""

from __future__ import annotations

from collections.abc import Iterator


def _forms(verb: str) -> Iterator[str]:
    """Present and past of a regular verb: "deny" -> deny, denies, denied."""
    if verb.endswith("y"):
        yield from (verb, verb[:-1] + "ies", verb[:-1] + "ied")
    else:
        yield from (verb, verb + "s", verb.removesuffix("e") + "ed")


_REGULAR = (
    "accuse acknowledge add allege announce argue assert believe call caution claim comment "
    "complain conclude condemn confirm contend declare deny describe disclose dispute doubt "
    "emphasise emphasize estimate expect explain hint insist judge maintain mention note observe "
    "pledge predict presume promise reason recall reiterate reject remark repeat reply report "
    "respond reveal state suggest testify urge vow warn criticise criticize"
).split()
_IRREGULAR = (
    "admit admits admitted answered foresaw foresee foresees forecast forecasts quip quipped said say says "
    "stress stressed stresses tell tells think thinks thought told write writes wrote"
).split()
VERBS = frozenset(form for verb in _REGULAR for form in _forms(verb)) | frozenset(_IRREGULAR)
"""Verbs that report speech or opinion."""
SAYING = frozenset(_REGULAR) | frozenset("add admit answer foresee forecast quip say stress tell think write".split())
"""The same by their dictionary form."""

PARTICLE_VERBS: dict[str, tuple[str, ...]] = {
    "went": ("on",), "goes": ("on",), "points": ("out", "to"), "pointed": ("out", "to"),
    "holds": (",", ".", "that"), "held": ("that",), "asks": (), "finds": (",", ".", "that"),
    "found": ("that",), "spoke": ("of",), "speaks": ("of",), "sees": (",", "in", "that"), "lists": (),
}  # fmt: skip
"""Verbs that report only with what follows; with nothing listed, after a pronoun ("he lists")."""

INVERTING = frozenset(
    "said says added adds wrote writes argued argues warned warns explained explains noted notes asked "
    "asks recalled recalls claimed claims insisted insists concluded replied".split()
)
"""Verbs that may stand before their subject: "…,” said Smith."""

NAMING = frozenset("call calls called describe describes described".split())
"""Verbs that also give a name: "what Smith calls the plan" is no speech."""

BE = frozenset("is are was were be been being".split())
SUBJECT_OF = {"his": "he", "her": "she", "their": "they", "its": "it"}
ADVERBS = frozenset(
    "afterwards again also always could did do does even first further had has have herself himself "
    "instead itself later never now often once still themselves then too will would".split()
)
PRONOUNS = frozenset("he she they it who".split())
DETERMINERS = frozenset("the a an this that these those its his her their one some several many two three".split())
POINTING = frozenset("the this that its his her their".split())
LEADING = frozenset("but and yet so still meanwhile however also when while as although though if".split())
NAME_JOINS = frozenset("and of for the bin ibn al de van von der du da".split())
CLAUSE_EDGES = frozenset([",", "”", ".", ";", ":", "—", "–", "(", "“", "and", "but", "while", "as", "that", "when"])
STOPS = frozenset(
    "that which but because when as if where while whereas since after before though although so then "
    "than in on at by with from to into about over under between and or what how why not is are was were "
    "has have had be been said told without during against among nor yet he she they it who whom "
    "whose".split()
)
"""Words that end a noun phrase."""

PERSONS = frozenset(
    "leader official officer spokesman spokeswoman spokesperson source minister president ambassador "
    "general commander analyst expert scholar professor researcher diplomat adviser advisor director "
    "chairman chief deputy head lawyer judge lawmaker senator witness doctor envoy secretary mayor "
    "governor activist historian journalist correspondent critic fellow executive founder coach man woman "
    "he she".split()
)
BODIES = frozenset(
    "statement communique communiqué sources officials leaders ministers experts analysts critics "
    "observers officers diplomats witnesses spokesmen researchers scholars lawmakers residents militants "
    "commanders ministry government army military police court committee council commission agency "
    "organization organisation group movement party company union authorities administration embassy "
    "office report poll survey reports media outlets team board bank university hospital intelligence "
    "opposition association".split()
)
ROLES = PERSONS | BODIES
OWN_VOICE = frozenset(
    "newspaper paper article center centre institute outlet broadcaster review author authors study "
    "analysis journal website site magazine report piece text abstract".split()
)
"""How a text speaks of itself: "the newspaper", "the author"."""

MEDIA = frozenset(
    "outlet newspaper broadcaster channel agency network station magazine daily website news times post "
    "press tv television radio tribune herald gazette journal".split()
)
NOT_PERSONS = frozenset(
    "The A An In On At But And When While After Before University Institute Center Centre Council Party "
    "Army Ministry Islamic United National Prime President Street East West North South January February "
    "March April May June July August September October November December Monday Tuesday Wednesday "
    "Thursday Friday Saturday Sunday Brigades Bureau Strip Bank Gulf Sea Flood Jihad States Nations Union "
    "Court Committee".split()
)

JOINS = frozenset(
    "however but yet moreover furthermore nevertheless nonetheless therefore thus hence consequently "
    "accordingly similarly likewise meanwhile otherwise also afterwards then and or so".split()
)
JOINS_BEFORE_COMMA = frozenset(
    "besides throughout instead still later earlier again rather further first second third".split()
)
OPENERS = frozenset(
    "in addition|as evidence|for example|for instance|as a result|in turn|even so|in contrast|by contrast|"
    "if anything|on the other|in response|at the same|even then|since then|none of|at that|in the end".split("|")
)
POSSESSIVES = frozenset("his her hers its their theirs him them".split())
BACK_PRONOUNS = POSSESSIVES | frozenset("he she they it himself herself themselves itself".split())
DEMONSTRATIVES = frozenset("this that these those such both neither another others latter former".split())
NOT_COUNTED = frozenset("of can may might must".split())
NOT_BACK = frozenset("week month year morning evening time who which".split())
BEGINNINGS = frozenset(
    "in at on with after before during when while as if although though for from by under despite since "
    "until because through besides should once without within beyond among between to according of even "
    "only".split()
)
_EVENTS = frozenset(
    "meeting visit attack attacks talks agreement deal event incident two three four first second third "
    "latter former same other others men women move decision plan measure channel".split()
)
_UNIQUE = frozenset(
    "military government police army court committee union team bank university hospital board media "
    "party president minister ministry opposition intelligence authorities he she".split()
)
BARE = ((PERSONS | BODIES) | _EVENTS) - OWN_VOICE - _UNIQUE
"""Nouns that, with "the" alone, mean one named before: "the leader", "the meeting"."""

MODALS = frozenset("may might could should must would will likely unlikely probably possibly perhaps".split())
JUDGEMENTS = frozenset(
    "clearly obviously unfortunately fortunately surely undoubtedly certainly best worst better worse "
    "greatest unprecedented outrageous shameful heroic brutal evil ominous reckless fraudulent sincere "
    "cowardly brave successful failure threat threatens danger dangerous appears appear seems seem "
    "believe hope hopes fear fears presumably supposedly allegedly apparently intends aims wants".split()
)
LOADED = (
    "terror", "martyr", "regime", "massacr", "slaughter", "genocid", "extremis", "fanatic", "puppet", "thug",
    "aggressi", "occupier", "occupation", "resistance", "liberat", "enemy", "enemies", "zionis", "jihadi",
    "infidel", "crusade", "barbar", "atroci", "glorious", "steadfast", "propagand", "mastermind", "militant",
)  # fmt: skip
"""Beginnings of words that take a side; they stay inside attributions."""

ASPECTS = frozenset(
    "account approach attitud opinion part point posit question relat relationship role situat stanc subject thing "
    "topic view way matter issu import signific".split()
)
"""Stems of nouns that ask for something of a topic without naming it: "the role of Iran"."""
