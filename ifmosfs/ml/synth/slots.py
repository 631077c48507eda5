"""The slots of patterns: each a function of the pen and of what stands behind the slot's name.

They register themselves in `pen.SLOTS` when this module is loaded, which the package does.
"""

from __future__ import annotations

import string
from datetime import datetime, timedelta

from ifmosfs.ml.synth.pen import (
    BASE64,
    DATE_FORMATS,
    HEX,
    Pen,
    ascii_of,
    formatted_time,
    slot,
)
from ifmosfs.ml.synth.words import word_lists


def _bounds(argument: str) -> tuple[int, int]:
    low, _, high = argument.partition("-")
    return int(low), int(high or low)


def _letters(pen: Pen, alphabet: str, n: int) -> str:
    return "".join(pen.rng.choices(alphabet, k=n))


@slot
def n(pen: Pen, argument: str) -> str:
    """`n:1-99`: a whole number; `n:001-120` keeps the zeros."""
    low, high = _bounds(argument or "1-100")
    text = str(pen.whole(low, high))
    return text.zfill(len(argument.partition("-")[0])) if argument.startswith("0") and len(argument) > 3 else text


@slot
def neg(pen: Pen, argument: str) -> str:
    """`neg:0-50`: a whole number with either sign."""
    low, high = _bounds(argument or "0-100")
    return str(pen.whole(low, high) * pen.pick((1, -1)))


@slot
def f(pen: Pen, argument: str) -> str:
    """`f:0-10/3`: a decimal number with three places."""
    span, _, places = argument.partition("/")
    low, high = _bounds(span or "0-1")
    return f"{pen.rng.uniform(low, high):.{int(places or 2)}f}"


@slot
def fs(pen: Pen, argument: str) -> str:
    """The same with either sign."""
    span, _, places = argument.partition("/")
    _, high = _bounds(span or "0-1")
    return f"{pen.rng.uniform(-high, high):.{int(places or 2)}f}"


@slot
def hex_(pen: Pen, argument: str) -> str:
    """`hex:8`: eight hexadecimal digits."""
    return _letters(pen, HEX, int(argument or 8))


@slot
def sha1(pen: Pen, argument: str) -> str:
    """Forty hexadecimal digits."""
    return _letters(pen, HEX, 40)


@slot
def sha256(pen: Pen, argument: str) -> str:
    """Sixty-four hexadecimal digits."""
    return _letters(pen, HEX, 64)


@slot
def b64(pen: Pen, argument: str) -> str:
    """`b64:40`: as many characters of base64."""
    return _letters(pen, BASE64, int(argument or 44))


@slot
def a(pen: Pen, argument: str) -> str:
    """`a:3`: three letters."""
    return _letters(pen, string.ascii_lowercase, int(argument or 1))


@slot
def a2(pen: Pen, argument: str) -> str:
    """Two letters."""
    return _letters(pen, string.ascii_lowercase, 2)


@slot
def uuid(pen: Pen, argument: str) -> str:
    """A UUID of version 4."""
    digits = _letters(pen, HEX, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{pen.pick('89ab')}{digits[17:20]}-{digits[20:]}"


@slot
def ip(pen: Pen, argument: str) -> str:
    """An IPv4 address."""
    if pen.chance(0.4):
        return f"192.168.{pen.whole(0, 20)}.{pen.whole(1, 254)}"
    return ".".join(str(pen.whole(1, 254)) for _ in range(4))


@slot
def ipv6(pen: Pen, argument: str) -> str:
    """An IPv6 address."""
    return "fe80::" + ":".join(_letters(pen, HEX, 4) for _ in range(4))


@slot
def mac(pen: Pen, argument: str) -> str:
    """A hardware address."""
    return ":".join(_letters(pen, HEX, 2) for _ in range(6))


@slot
def person(pen: Pen, argument: str) -> str:
    """A full name."""
    if pen.language in {"zh", "ja"}:
        return pen.slot("surname", "") + pen.slot("first", "")
    return f"{pen.slot('first', '')} {pen.slot('surname', '')}"


@slot
def user(pen: Pen, argument: str) -> str:
    """A login name."""
    first, surname = ascii_of(pen.slot("first", "")).lower(), ascii_of(pen.slot("surname", "")).lower()
    return (
        pen.pick((first, f"{first[:1]}{surname}", f"{first}.{surname}", "root", "admin", f"{first}{pen.whole(1, 99)}"))
        or "user"
    )


@slot
def email(pen: Pen, argument: str) -> str:
    """An address of e-mail."""
    return f"{user(pen, '')}@{domain(pen, '')}"


@slot
def domain(pen: Pen, argument: str) -> str:
    """A domain's name."""
    common = word_lists("en")
    name = (
        pen.pick(common["noun"]) + pen.pick(("", "", "-", "")) + pen.pick(("", pen.pick(common["noun"]), "hub", "ly"))
    )
    return f"{name.strip('-')}.{pen.pick(common['tld'])}"


@slot
def host(pen: Pen, argument: str) -> str:
    """A machine's name; a file mostly speaks of one."""
    if "host" not in pen.kept or pen.chance(0.08):
        pen.kept["host"] = _new_host(pen)
    return pen.kept["host"]


def _new_host(pen: Pen) -> str:
    common = word_lists("en")
    return pen.say(
        pen.pick(
            (
                "web«n:1-9»",
                "srv-«n:01-99»",
                "«animal»",
                "db«n:1-4»",
                "localhost",
                "DESKTOP-«HEX:7»",
                "raspberrypi",
                "ip-10-0-«n:0-9»-«n:1-254»",
                pen.pick(common["noun"]) + "«n:1-20»",
            )
        )
    )


@slot
def url(pen: Pen, argument: str) -> str:
    """A web address."""
    scheme = pen.pick(("https", "https", "https", "http"))
    www = pen.pick(("", "www."))
    return f"{scheme}://{www}{domain(pen, '')}/{urlpath(pen, '')}"


@slot
def urlpath(pen: Pen, argument: str) -> str:
    """The path of a web address, without the leading slash."""
    return pen.say(
        pen.pick(
            (
                "",
                "«noun»",
                "«noun»/«noun»",
                "«noun»/«n:1-9999»",
                "«noun».html",
                "«year»/«n:01-12»/«noun»-«noun»-«noun»",
                "api/v«n:1-3»/«noun»",
                "index.php?id=«n:1-999»",
                "«noun»/«noun».png",
                "en/«noun»",
            )
        )
    )


@slot
def path(pen: Pen, argument: str) -> str:
    """A relative path of source or data."""
    return pen.say(
        pen.pick(
            (
                "src/«noun»/«noun».«py|js|c|go|java»",
                "«noun»/«noun».«file_ext»",
                "lib/«noun».«py|js|rb»",
                "tests/test_«noun».py",
                "docs/«noun».md",
                "«noun».«file_ext»",
            )
        )
    )


@slot
def unixpath(pen: Pen, argument: str) -> str:
    """An absolute path as Unix has it."""
    return pen.say(
        pen.pick(
            (
                "/home/«user»/«noun»/«noun».«file_ext»",
                "/usr/lib/«noun»/«noun».so",
                "/var/lib/«noun»/«noun»",
                "/etc/«noun»/«noun».conf",
                "/opt/«noun»/bin/«noun»",
                "/tmp/«noun»-«hex:6»",  # noqa: S108  a name in made-up text
                "/usr/share/«noun»",
                "/srv/«noun»/«noun»",
            )
        )
    )


@slot
def winpath(pen: Pen, argument: str) -> str:
    """An absolute path as Windows has it."""
    return pen.say(
        pen.pick(
            (
                "C:\\Program Files\\«Noun»\\«noun».exe",
                "C:\\Users\\«first»\\Documents\\«noun».«file_ext»",
                "C:\\Windows\\System32\\«noun».dll",
                "D:\\«Noun»\\«noun»",
                "C:\\ProgramData\\«Noun»\\«noun».log",
            )
        )
    )


@slot
def ident(pen: Pen, argument: str) -> str:
    """An identifier in some style."""
    return pen.slot(pen.pick(("camel", "snake", "snake", "pascal", "noun")), "")


@slot
def camel(pen: Pen, argument: str) -> str:
    """An identifier like `readFile`."""
    return pen.say(
        pen.pick(("«verb»«Noun»", "«adj»«Noun»", "«noun»«Noun»", "«verb»«Adj»«Noun»", "is«Adj»", "on«Noun»«Verb»"))
    )


@slot
def pascal(pen: Pen, argument: str) -> str:
    """An identifier like `FileReader`."""
    return pen.say(pen.pick(("«Noun»«Noun»", "«Adj»«Noun»", "«Noun»", "«Verb»«Noun»«Noun»")))


@slot
def snake(pen: Pen, argument: str) -> str:
    """An identifier like `read_file`."""
    return pen.say(
        pen.pick(("«verb»_«noun»", "«noun»_«noun»", "«adj»_«noun»", "«noun»", "«verb»_«adj»_«noun»", "n_«noun»s"))
    )


@slot
def const(pen: Pen, argument: str) -> str:
    """An identifier like `MAX_SIZE`."""
    return snake(pen, "").upper()


@slot
def kebab(pen: Pen, argument: str) -> str:
    """A name like `read-file`."""
    return snake(pen, "").replace("_", "-")


@slot
def project(pen: Pen, argument: str) -> str:
    """The name of a program or library."""
    return pen.say(
        pen.pick(
            (
                "«noun»«noun»",
                "lib«noun»",
                "«animal»-«noun»",
                "«noun»ctl",
                "py«noun»",
                "«noun».js",
                "«Noun»Kit",
                "open«noun»",
                "«adj»-«noun»",
                "go-«noun»",
            )
        )
    )


@slot
def version(pen: Pen, argument: str) -> str:
    """A version of three, or two, numbers."""
    return pen.say(
        pen.pick(
            (
                "«n:0-9».«n:0-30».«n:0-20»",
                "«n:0-9».«n:0-30».«n:0-20»",
                "«n:1-20».«n:0-9»",
                "«n:0-9».«n:0-9».«n:0-9»«a|b|rc»«n:1-3»",
            )
        )
    )


@slot
def ts(pen: Pen, argument: str) -> str:
    """`ts:%H:%M:%S`: the time of the pen's clock, which then goes on a little. `MS` in it: milliseconds."""
    pen.now += timedelta(milliseconds=int(pen.rng.expovariate(1 / pen.rng.choice((40, 900, 20000)))) + 1)
    text = pen.now.strftime(argument)
    return text.replace("~MS", f"{pen.now.microsecond // 1000:03d}").replace("~US", f"{pen.now.microsecond:06d}")


@slot
def epoch(pen: Pen, argument: str) -> str:
    """The pen's clock in seconds since 1970."""
    pen.now += timedelta(seconds=pen.whole(0, 300))
    return str(int((pen.now - datetime(1970, 1, 1)).total_seconds()))  # noqa: DTZ001  the clock knows no zone


@slot
def date(pen: Pen, argument: str) -> str:
    """A day near the pen's clock, as the language writes it."""
    when = pen.now + timedelta(days=pen.whole(-400, 90))
    return formatted_time(pen, when, pen.pick(DATE_FORMATS[pen.language]))


@slot
def isodate(pen: Pen, argument: str) -> str:
    """A day like 2021-03-04."""
    return (pen.now + timedelta(days=pen.whole(-400, 90))).strftime("%Y-%m-%d")


@slot
def birthday(pen: Pen, argument: str) -> str:
    """The day of somebody's birth."""
    return formatted_time(pen, pen.now - timedelta(days=pen.whole(3000, 30000)), pen.pick(DATE_FORMATS[pen.language]))


@slot
def year(pen: Pen, argument: str) -> str:
    """A year near the pen's clock."""
    return str(pen.now.year - pen.pick((0, 0, 0, 1, 1, 2, 3, 5, 8)))


@slot
def hour(pen: Pen, argument: str) -> str:
    """A time of the day."""
    return f"{pen.whole(7, 21)}:{pen.pick(('00', '00', '15', '30', '45', '10', '50'))}"


@slot
def money(pen: Pen, argument: str) -> str:
    """`money:10-500`: an amount with its currency."""
    low, high = _bounds(argument or "5-4000")
    return pen.money(pen.amount(low, high))


@slot
def num(pen: Pen, argument: str) -> str:
    """`num:10-500`: an amount as the language writes it, without a currency."""
    low, high = _bounds(argument or "1-3000")
    return pen.number(pen.amount(max(low, 1), high))


@slot
def percent(pen: Pen, argument: str) -> str:
    """A percentage."""
    return f"{pen.number(pen.rng.uniform(0.1, 40), pen.pick((0, 1, 2)))} %"


@slot
def address(pen: Pen, argument: str) -> str:
    """A postal address on one line."""
    street, city = pen.slot("street", ""), pen.slot("city", "")
    code = (
        pen.say("«A2»«n:1-20» «n:1-9»«A2»|«n:10000-99999»".partition("|")[pen.pick((0, 2))])
        if pen.language == "en"
        else str(pen.whole(1000, 98999))
    )
    if pen.language in {"zh", "ja"}:
        return f"{city}市{street}"
    return f"{street}, {city} {code}" if pen.language == "en" else f"{street}, {code} {city}"


@slot
def phone(pen: Pen, argument: str) -> str:
    """A telephone number."""
    return pen.say(
        pen.pick(
            (
                "+«n:30-49» «n:10-999» «n:1000000-9999999»",
                "0«n:100-999» «n:100000-9999999»",
                "(«n:201-989») «n:200-999»-«n:1000-9999»",
                "0«n:10-99»-«n:1000000-9999999»",
                "+«n:1-99»«n:100000000-9999999999»",
            )
        )
    )


@slot
def iban(pen: Pen, argument: str) -> str:
    """What looks like an IBAN, with blanks."""
    country = pen.pick(("DE", "FR", "ES", "IT", "NL", "PT", "GB", "AT", "BE", "CH"))
    return (
        f"{country}{pen.whole(10, 99)} "
        + " ".join(str(pen.whole(1000, 9999)) for _ in range(4))
        + f" {pen.whole(10, 99)}"
    )


@slot
def bic(pen: Pen, argument: str) -> str:
    """What looks like a BIC."""
    return _letters(pen, string.ascii_uppercase, 6) + pen.pick(("XXX", "FF", "MM", "21XXX"))


@slot
def vat(pen: Pen, argument: str) -> str:
    """A number for VAT."""
    return pen.pick(("DE", "FR", "ESB", "IT", "GB", "ATU", "NL")) + str(pen.whole(100000000, 999999999))


@slot
def vin(pen: Pen, argument: str) -> str:
    """A vehicle's identification number."""
    return pen.pick(("WBA", "WVW", "WDB", "VF1", "ZFA", "JTD", "1HG", "WAU", "VSS", "TMB")) + _letters(
        pen, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 14
    )


@slot
def plate(pen: Pen, argument: str) -> str:
    """A vehicle's registration."""
    return pen.say(
        pen.pick(("«A:2»-«A:2» «n:1-9999»", "«A:2»-«n:100-999»-«A:2»", "«A:2»«n:10-99» «A:3»", "«n:1000-9999» «A:3»"))
    )


@slot
def idnumber(pen: Pen, argument: str) -> str:
    """A number of a contract, a customer, a policy."""
    return pen.say(
        pen.pick(
            (
                "«n:100000-99999999»",
                "«A2»-«n:10000-99999»",
                "«year»-«n:1000-99999»",
                "«n:10-99»/«n:1000-9999»/«year»",
                "«A2»«n:1000000-9999999»",
                "«n:100-999» «n:100-999» «n:100-999»",
            )
        )
    )


@slot
def lon(pen: Pen, argument: str) -> str:
    """A longitude."""
    return f"{pen.rng.uniform(-20, 30):.6f}"


@slot
def lat(pen: Pen, argument: str) -> str:
    """A latitude."""
    return f"{pen.rng.uniform(36, 60):.6f}"


@slot
def language(pen: Pen, argument: str) -> str:
    """The code of the pen's language."""
    return pen.language


@slot
def kilobytes(pen: Pen, argument: str) -> str:
    """A size with its unit."""
    return f"{pen.whole(1, 999)} {pen.pick(('kB', 'MB', 'KiB', 'bytes', 'MB'))}"


@slot
def word(pen: Pen, argument: str) -> str:
    """A noun, a verb or an adjective of the technical lists."""
    return pen.slot(pen.pick(("noun", "noun", "verb", "adj")), "")


@slot
def sentences(pen: Pen, argument: str) -> str:
    """`sentences:2-4`: as many everyday sentences."""
    return pen.paragraph(pen.whole(*_bounds(argument or "2-4")))


@slot
def tech(pen: Pen, argument: str) -> str:
    """`tech:2-4`: as many sentences about programs, in English."""
    return " ".join(pen.slot("tech_sentence", "") for _ in range(pen.whole(*_bounds(argument or "1-3"))))


@slot
def nl_(pen: Pen, argument: str) -> str:
    """A line break."""
    return "\n"


@slot
def bar(pen: Pen, argument: str) -> str:
    """The sign that patterns use for alternatives."""
    return "|"
