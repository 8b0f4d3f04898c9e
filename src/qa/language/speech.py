"""English words that tell who speaks, and what points back. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

SAYING = frozenset(
    "accuse acknowledge add admit allege announce answer argue assert believe call caution claim comment complain "
    "conclude condemn confirm contend criticise criticize declare deny describe disclose dispute doubt emphasise "
    "emphasize estimate expect explain foresee forecast hint insist judge maintain mention note observe pledge predict "
    "presume promise quip reason recall reiterate reject remark repeat reply report respond reveal say state stress "
    "suggest tell testify think threaten urge vow warn write".split()
)
"""Verbs that report speech or opinion, by their dictionary form."""
SAYING_OF = frozenset(
    "accuse acknowledge admit allege announce condemn confirm criticise criticize declare deny describe disclose "
    "dispute doubt emphasise emphasize expect forecast foresee pledge predict promise reject report reveal stress vow "
    "warn".split()
)
"""Those that say something with no more than a thing: "Berg denied the claim"."""
SAYING_WITH = {
    "ask": frozenset(["“", "if", "whether"]), "find": frozenset(["that"]), "go": frozenset(["on"]),
    "hold": frozenset(["that"]), "point": frozenset(["out", "to"]), "put": frozenset(["at"]),
    "see": frozenset(["that"]), "speak": frozenset(["of"]),
}  # fmt: skip
"""Verbs that report only with what follows."""
VIEWS = frozenset("account estimate eye image judgement judgment opinion reading telling view word".split())
"""What somebody's is that is said: "in his view"."""
POINTING = frozenset("this that these those such".split())
TIMES = frozenset("week month year morning evening time".split())
"""What "this" points at without a sentence before: "this week"."""
Sort = Literal["person", "thing", "group"]
PRONOUNS: Mapping[str, Sort] = {
    **dict.fromkeys("he him his she her hers".split(), "person"),
    **dict.fromkeys("it its".split(), "thing"),
    **dict.fromkeys("they them their theirs".split(), "group"),
}
"""What each stands for."""

PERSONS = frozenset(
    "leader official officer spokesman spokeswoman spokesperson source minister president ambassador "
    "general commander analyst expert scholar professor researcher diplomat adviser advisor director "
    "chairman chief deputy head lawyer judge lawmaker senator witness doctor envoy secretary mayor "
    "governor activist historian journalist correspondent critic fellow executive founder coach man woman "
    "he she".split()
)
OWN_VOICE = frozenset(
    "newspaper paper article center centre institute outlet broadcaster review author authors study "
    "analysis journal website site magazine report piece text abstract".split()
)
"""How a text speaks of itself: "the newspaper", "the author"."""
