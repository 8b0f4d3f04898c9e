"""Hits -> answer. `quote` needs no language model, `write` uses one; both give checked `Sentence` values.

`attribute` finds who speaks, `compare` where sources agree and differ, `premise` what a question takes for granted and
the sources do not bear out. Nothing here knows the index.
"""
