"""report.py FILE...: whether reports are whole pages that need no network: every element is closed, names occur once,
pictures are PNG. Prints the sections, the cards and what else tests look for, a line each."""
import base64
import html.parser
import re
import sys

from events import png_size

VOID = {"meta", "img", "br"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.pictures, self.cards, self.rows, self.card = [], [], [], [], 0, None
        self.headings, self.heading, self.cells, self.cell, self.command, self.scripts = [], None, [], None, "", 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for name, value in attributes.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            assert not re.match(r"(https?:)?//", value or ""), f"{name}={value}"
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "img":
            kind, data = attributes["src"].split(",")
            assert kind == "data:image/png;base64"
            self.pictures.append(png_size(base64.b64decode(data, validate=True)))
        if tag == "script":
            assert attributes["type"] == "text/plain", "there is a script"
        assert tag not in ("link", "iframe", "object"), tag
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def within(self, tag, **want):
        return any(t == tag and all(a.get(k) == v for k, v in want.items()) for t, a in self.open)

    def handle_data(self, data):
        if self.within("div", **{"class": "card"}):
            if self.open[-1][0] == "span":
                self.card = data
            elif self.open[-1][0] == "b":
                self.cards.append((self.card, data))
        if self.open and self.open[-1][0] == "h2":
            self.headings.append(data)
        if self.within("table", **{"class": "matrix"}) and self.open[-1][0] == "td":
            self.cells.append(int(data))
        if self.within("pre"):
            self.command += data


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert "http:" not in text and "https:" not in text and "//www" not in text, "there is a link"
        page = Page()
        page.feed(text)
        page.close()
        assert not page.open, f"not closed: {page.open}"
        assert len(set(page.ids)) == len(page.ids)
        for heading in page.headings:
            print("section", heading)
        for card in page.cards:
            print("card %s: %s" % card)
        print("pictures", len(page.pictures), page.pictures[:1])
        print("confusion", sum(page.cells))
        print("command", page.command)


if __name__ == "__main__":
    main()
