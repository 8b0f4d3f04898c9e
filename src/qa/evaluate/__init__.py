"""The eval: questions, measures, a run, the gate that compares two runs, and the report.

`commands` is what `qa eval` calls; `run.evaluate` and `gate.compare` are the same for programs.
"""
