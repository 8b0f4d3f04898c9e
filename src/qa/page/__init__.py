"""The page: a window on `qa`. It renders what `qa` returns and decides nothing about answers.

settings   how it is served
store      conversations, in one SQLite file
library    the documents that a conversation asks
jobs       work under way: followed by many, ended at any instant
reading    what a press opens, and `original` the page of the PDF itself
views      values of `qa` -> HTML, through templates that escape everything
exports    an answer as Markdown, JSON, BibTeX, CSL
routes     what the page's script asks of the server
api        endpoints for programs, and the shape of OpenAI's chat completions; `tools` the same for MCP
blocks     the page as Gradio lays it out
guard      who may come in; `gate`: what of Gradio they reach
server     all of it on one address, in a `process`
"""
