"""HTML as Python's parser reads it."""

import html.parser


class _Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.texts = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)


def _parsed(text):
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser


def elements(text):
    """Names and attributes of the elements of a piece of HTML, in order."""
    return _parsed(text).found


def texts(text):
    """Its text, piece by piece, with character references resolved."""
    return _parsed(text).texts
