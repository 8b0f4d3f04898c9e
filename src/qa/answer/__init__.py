"""Hits -> answer. `quote` needs no language model, `write` uses one; both give checked `Sentence` values.

`attribute` finds who speaks, `compare` finds where sources differ. Nothing here knows the index.
"""
