"""HTML as Python's parser reads it."""

import html.parser


class _Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def elements(text):
    """Names and attributes of the elements of a piece of HTML, in order."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser.found
