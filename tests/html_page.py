"""An HTML page as its reader gets it."""

import html.parser

VOID = {"wbr", "meta", "img", "br", "rect"}


class Page(html.parser.HTMLParser):
    """What a reader of the page gets: tags, addresses, texts, and whether all tags are closed."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]
