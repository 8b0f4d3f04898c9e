"""The page: a window on `qa`. It renders what `qa` returns and decides nothing about answers.

views      values of `qa` -> HTML, through templates that escape everything
exports    an answer as Markdown, JSON, BibTeX, CSL
blocks     the Gradio blocks as a whole, made of talk (asking), walls (filters) and shelf (sources)
api        the same as named endpoints, and in the shape of OpenAI's chat completions
sessions   what is kept of a visitor, and for how long
guard      who may come in, and what a browser is told it may do
server     all of it on one address
"""
