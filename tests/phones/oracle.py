"""Writes spellings.tsv and mobiles.tsv, which the hub's tests of phone numbers compare with (crates/hub/src/text/phone).

The oracle is PyPI `phonenumbers`, Google's libphonenumber: `pip install phonenumbers==9.0.43`, then run this file. The
seed is fixed, so one version of the library writes the same files again.

spellings.tsv: region, calling code, E.164 of the example mobile number, E.164 of the example fixed line, E.164 of the
examples of refused kinds (premium rate, shared cost, pager, voicemail; separated by spaces), then spellings of the mobile
number. A spelling begins with `=` where libphonenumber reads it as that number, with `?` where it does not.
mobiles.tsv: region, then random valid mobile numbers, each as E.164 and, after a `|`, as written within the country.
"""

import pathlib
import random
import re

try:
    from re import _constants as codes, _parser as parser
except ImportError:
    import sre_constants as codes, sre_parse as parser

import phonenumbers as phones
from phonenumbers import PhoneNumberFormat as Format, PhoneNumberType as Kind

HERE = pathlib.Path(__file__).parent
MOBILES = 12
REFUSED = [Kind.PREMIUM_RATE, Kind.SHARED_COST, Kind.PAGER, Kind.VOICEMAIL]
# Digits that select a carrier, between trunk prefix and number.
CARRIERS = {"BR": "15", "CO": "9", "KR": "82", "CR": "1901", "LU": "15066"}
chance = random.Random(11)


def written(number, form):
    return phones.format_number(number, form)


def example(region, kind):
    number = phones.example_number_for_type(region, kind)
    right = number and phones.is_valid_number(number) and phones.number_type(number) == kind
    return written(number, Format.E164) if right else ""


def spellings(region, number):
    plan = phones.PhoneMetadata.metadata_for_region(region)
    code, national = str(number.country_code), phones.national_significant_number(number)
    trunk = plan.national_prefix or ""
    exits = [plan.preferred_international_prefix, plan.international_prefix, "00"]
    exits = dict.fromkeys(exit for exit in exits if exit and re.fullmatch("[0-9~]+", exit))
    yield from [written(number, form) for form in (Format.NATIONAL, Format.INTERNATIONAL, Format.E164, Format.RFC3966)]
    yield from [national, trunk + national, f"{code}{national}", f"{code} {national}", f"({code}) {national}"]
    yield from [f"+{code} {trunk}{national}", f"+{code} (0) {national}", f"+{code}(0){national}", f"(+{code}) {national}"]
    yield from [f"+{code}-0-{national}", f"0{national}", f"(0) {national}", f"{code} (0) {national}", f"++{code}{national}"]
    yield from [f"(+{code}) {written(number, Format.NATIONAL)}", f"{code} {written(number, Format.NATIONAL)}"]
    for exit in exits:
        yield from [f"{exit}{code}{national}", f"{exit} {code} {national}", f"{exit}{code} (0){national}", f"{exit} ({code}) {national}"]
    yield from [f"+00{code}{national}", f"+ {code} {national}"]
    dialled = phones.format_number_for_mobile_dialing(number, region, True)
    carrier = CARRIERS.get(region) and phones.format_national_number_with_carrier_code(number, CARRIERS[region])
    yield from filter(None, [dialled, carrier, phones.format_out_of_country_calling_number(number, "SG")])


def is_read(text, region, number):
    try:
        read = phones.parse(text, region)
    except phones.NumberParseException:
        return False
    return phones.is_valid_number(read) and written(read, Format.E164) == written(number, Format.E164)


def one_of(items):
    """A random text that matches a parsed pattern; libphonenumber's patterns use only these parts."""
    text = ""
    for kind, value in items:
        if kind is codes.LITERAL:
            text += chr(value)
        elif kind is codes.IN:
            text += chance.choice([one for part in value for one in signs(*part)])
        elif kind is codes.BRANCH:
            text += one_of(chance.choice(value[1]))
        elif kind is codes.SUBPATTERN:
            text += one_of(value[-1])
        elif kind is codes.MAX_REPEAT:
            text += "".join(one_of(value[2]) for _ in range(chance.randint(value[0], min(value[1], 12))))
        else:
            raise ValueError(kind)
    return text


def signs(kind, value):
    if kind is codes.RANGE:
        return [chr(one) for one in range(value[0], value[1] + 1)]
    return list("0123456789") if kind is codes.CATEGORY else [chr(value)]


def mobiles(region):
    plan = phones.PhoneMetadata.metadata_for_region(region)
    pattern = parser.parse(plan.mobile.national_number_pattern)
    found = {}
    for _ in range(5000):
        number = phones.parse(f"+{plan.country_code}{one_of(pattern)}", None)
        kinds = (Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE)
        if phones.is_valid_number_for_region(number, region) and phones.number_type(number) in kinds:
            found[written(number, Format.E164)] = written(number, Format.NATIONAL)
        if len(found) == MOBILES:
            break
    return [f"{one}|{national}" for one, national in found.items()]


def main():
    lines, random_lines = [], []
    for region in sorted(phones.SUPPORTED_REGIONS):
        number = phones.example_number_for_type(region, Kind.MOBILE)
        if number is None or not phones.is_valid_number(number):
            continue
        refused = " ".join(filter(None, (example(region, kind) for kind in REFUSED)))
        forms = dict.fromkeys(spellings(region, number))
        marked = ["=?"[not is_read(text, region, number)] + text for text in forms]
        head = [region, str(number.country_code), written(number, Format.E164), example(region, Kind.FIXED_LINE), refused]
        lines.append("\t".join(head + marked))
        random_lines.append("\t".join([region, *mobiles(region)]))
    (HERE / "spellings.tsv").write_text("\n".join(lines) + "\n")
    (HERE / "mobiles.tsv").write_text("\n".join(random_lines) + "\n")


main()
