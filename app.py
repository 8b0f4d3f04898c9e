"""Opens the page: `python app.py` is `qa serve`."""

from qa.cli import app

if __name__ == "__main__":
    import sys

    app(["serve", *sys.argv[1:]])
