#!/usr/bin/env python3
"""Write the generated inputs of the traces' workloads into a directory.

usage: generate.py DIR

The same bytes every time, from a generator of our own, so that they depend on
no library's notion of a seed.
"""

import os
import sys


class Random:
    """xorshift64*"""

    def __init__(self, seed):
        self.state = seed * 0x9E3779B97F4A7C15 % 2**64 or 1

    def below(self, n):
        x = self.state
        x ^= x >> 12
        x = (x ^ x << 25) % 2**64
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D % 2**64 >> 32) * n >> 32

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def skewed(self, n):
        """Mostly small numbers below n."""
        return self.below(self.below(self.below(n) + 1) + 1)

    def pick(self, items):
        return items[self.below(len(items))]


def make_words(random, count):
    syllables = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu an el ir os un".split()
    words = []
    while len(words) < count:
        word = "".join(random.pick(syllables) for _ in range(random.between(1, 4)))
        if word not in words:
            words.append(word)
    return words


def text(random, words, low, high):
    return " ".join(words[random.skewed(len(words))] for _ in range(random.between(low, high)))


def shop_sql(random, words):
    """Statements for sqlite3."""
    yield "PRAGMA page_size = 4096; PRAGMA cache_size = 500; PRAGMA journal_mode = MEMORY;"
    yield "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city TEXT, note TEXT);"
    yield "CREATE TABLE sale(id INTEGER PRIMARY KEY, customer INT, item TEXT, amount INT, day INT, memo BLOB);"
    yield "BEGIN;"
    for i in range(500):
        name, city = random.pick(words), words[random.below(40)]
        yield f"INSERT INTO customer VALUES({i}, '{name}', '{city}', '{text(random, words, 0, 20)}');"
    yield "COMMIT;"
    for batch in range(10):
        yield "BEGIN;"
        for _ in range(100):
            customer, day = random.skewed(500), batch * 30 + random.below(30)
            memo = random.below(9000) if random.below(4) == 0 else random.below(60)
            yield (
                "INSERT INTO sale(customer, item, amount, day, memo) VALUES"
                f"({customer}, '{random.pick(words)}', {random.below(10000)}, {day}, zeroblob({memo}));"
            )
        yield "COMMIT;"
        yield f"SELECT city, count(*), sum(amount) FROM sale JOIN customer c ON c.id = customer WHERE day >= {batch * 30} GROUP BY city ORDER BY 3 DESC LIMIT 3;"
    yield "CREATE INDEX sale_customer ON sale(customer, day);"
    yield "CREATE INDEX customer_city ON customer(city, name);"
    yield "ANALYZE;"
    for _ in range(60):
        kind = random.below(4)
        if kind == 0:
            yield f"SELECT count(*), max(amount) FROM sale WHERE customer = {random.skewed(500)};"
        elif kind == 1:
            yield f"SELECT name, group_concat(item, '+') FROM customer c JOIN sale s ON s.customer = c.id WHERE city = '{words[random.below(40)]}' GROUP BY c.id ORDER BY 2 LIMIT 5;"
        elif kind == 2:
            yield f"UPDATE customer SET note = note || ' {text(random, words, 1, 30)}' WHERE id = {random.below(500)};"
        else:
            yield f"SELECT id, amount, sum(amount) OVER (PARTITION BY customer ORDER BY day) FROM sale WHERE day = {random.below(300)} ORDER BY 3 DESC LIMIT 4;"
    yield "SELECT length(group_concat(note, ';')) FROM customer;"
    yield "SELECT length(json_group_array(json_object('n', name, 'c', city))) FROM customer;"
    yield "CREATE TABLE big AS SELECT s.id, c.name, c.city, s.item, s.day FROM sale s JOIN customer c ON c.id = s.customer ORDER BY c.name, s.item;"
    yield "DELETE FROM sale WHERE day % 3 = 0;"
    yield "DROP TABLE big;"
    yield "VACUUM;"
    yield "SELECT count(*), sum(length(memo)) FROM sale;"
    yield "PRAGMA integrity_check;"


def access_log(random, words):
    """A web server's log, for traffic.pl."""
    time = 0
    for _ in range(1300):
        time += random.below(4)
        visitor = f"v{random.skewed(3000) + time // 40}"
        path = "/" + "/".join(words[random.skewed(len(words))] for _ in range(random.between(1, 4)))
        query = "&".join(f"{random.pick(words)}={random.below(100000)}" for _ in range(random.below(4)))
        agent = text(random, words, 1, 8)
        size = random.skewed(200000)
        yield f'{time} {visitor} "GET {path}{"?" + query if query else ""}" {size} "{agent}"'


def catalog_xml(random, words):
    """A document for xsltproc."""
    yield '<?xml version="1.0"?>'
    yield "<catalog>"
    for i in range(235):
        yield f'  <book id="b{i}" lang="{random.pick(["en", "de", "fr", "la"])}">'
        yield f"    <title>{text(random, words, 1, 7)}</title>"
        for _ in range(random.between(1, 3)):
            yield f'    <author ref="a{random.skewed(400)}">{random.pick(words).title()}</author>'
        yield f"    <price>{random.below(9000) / 100:.2f}</price>"
        for _ in range(random.below(4)):
            yield f"    <keyword>{words[random.skewed(200)]}</keyword>"
        if random.below(4) == 0:
            yield f"    <abstract>{text(random, words, 10, 120)} <em>{random.pick(words)}</em> &amp; {text(random, words, 3, 30)}</abstract>"
        yield "  </book>"
    yield "</catalog>"


def drawing_svg(random, words):
    """A drawing for rsvg-convert: long paths, gradients, blurs, clips."""
    color = lambda: f"#{random.below(1 << 24):06x}"
    yield '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="1000" height="700" viewBox="0 0 1000 700">'
    yield "<defs>"
    for i in range(40):
        stops = "".join(
            f'<stop offset="{s * 25}%" stop-color="{color()}"/>' for s in range(random.between(2, 5))
        )
        yield f'<linearGradient id="g{i}">{stops}</linearGradient>'
    for i in range(10):
        yield f'<filter id="f{i}"><feGaussianBlur stdDeviation="{i + 1}"/><feOffset dx="{i}" dy="2"/><feBlend in2="SourceGraphic"/></filter>'
        yield f'<clipPath id="c{i}"><circle cx="{random.below(1000)}" cy="{random.below(700)}" r="{random.between(80, 300)}"/></clipPath>'
    yield "</defs>"
    for i in range(90):
        x, y = random.below(1000), random.below(700)
        kind = random.below(10)
        style = f'fill="url(#g{random.below(40)})" stroke="{color()}" stroke-width="{random.between(1, 6)}" opacity="0.{random.between(3, 9)}"'
        if kind < 6:
            points = [f"M{x} {y}"]
            for _ in range(10 + random.skewed(1200)):
                points.append("c" + " ".join(str(random.below(81) - 40) for _ in range(6)))
            yield f'<path d="{" ".join(points)}" {style}/>'
        elif kind < 8:
            yield f'<g filter="url(#f{random.below(10)})"><rect x="{x}" y="{y}" width="{random.between(20, 500)}" height="{random.between(20, 400)}" {style}/></g>'
        else:
            yield f'<g clip-path="url(#c{random.below(10)})" opacity="0.8">'
            for _ in range(12):
                yield f'<circle cx="{random.below(1000)}" cy="{random.below(700)}" r="{random.between(5, 90)}" {style} stroke-dasharray="{random.between(1, 9)} {random.between(1, 9)}"/>'
            yield "</g>"
    yield "</svg>"


def mailbox(random, words):
    """Mail for mail.awk."""
    for i in range(800):
        yield f"From: {random.pick(words)}@{words[random.skewed(60)]}.example"
        yield f"To: {words[random.skewed(25)]}"
        yield f"Subject: {'Re: ' * random.below(2)}{words[random.skewed(300)]} {words[random.skewed(40)]}"
        for _ in range(random.between(2, 4 + random.skewed(80))):
            yield text(random, words, 0, 16)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: generate.py DIR")
    words = make_words(Random(1), 900)
    inputs = {
        "shop.sql": shop_sql,
        "access.log": access_log,
        "catalog.xml": catalog_xml,
        "drawing.svg": drawing_svg,
        "mail.txt": mailbox,
    }
    for seed, (name, make) in enumerate(inputs.items(), 2):
        with open(os.path.join(sys.argv[1], name), "w", encoding="ascii", newline="\n") as f:
            f.writelines(line + "\n" for line in make(Random(seed), words))


if __name__ == "__main__":
    main()
