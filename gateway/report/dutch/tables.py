"""What is found in tables, and in bytes before their format is known."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("the file is empty", "het bestand is leeg"),
    ("there is nothing here", "er is niets gestuurd"),
    (
        "this looks like a zip archive or an Excel workbook; {rest}",
        "dit lijkt een Excel-werkboek of een zip-bestand: sla de lijst op als CSV en stuur dat",
    ),
    (
        "this looks like an old Excel workbook; {rest}",
        "dit lijkt een oud Excel-werkboek: sla de lijst op als CSV en stuur dat",
    ),
    ("this looks like a PDF; {rest}", "dit lijkt een PDF: stuur de lijst als CSV"),
    ("this looks like {what}; {rest}", "dit is geen lijst en geen bericht dat hier gelezen wordt"),
    ("the Content-Type {said} is not read here; {rest}", "het Content-Type {said} wordt hier niet gelezen"),
    (
        "the Content-Type says delimited text, but this looks like a zip archive or an Excel workbook",
        "dit lijkt een Excel-werkboek of een zip-bestand: sla de lijst op als CSV en stuur dat",
    ),
    (
        "the Content-Type says delimited text, but this looks like an old Excel workbook",
        "dit lijkt een oud Excel-werkboek: sla de lijst op als CSV en stuur dat",
    ),
    (
        "the Content-Type says {said}, but this looks like {seen}",
        "het Content-Type zegt {said}, maar dit lijkt {seen}",
    ),
    (
        "the declared delimiter does not occur; the one that does was used",
        "het afgesproken scheidingsteken komt niet voor; gelezen is met het teken dat wel voorkomt",
    ),
    (
        "the row was passed over: it stands above the header",
        "de rij is overgeslagen: zij staat boven de kopregel",
    ),
    ("the row was passed over: {why}", "de rij is overgeslagen: {why}"),
    ("{count} more {count:row|rows}", "nog {count} {count:rij|rijen}"),
    (
        "the column stands twice in the header; the first one is read",
        "deze kolom staat twee keer in de kopregel; de eerste is gelezen",
    ),
    ("no header stands in the first {count} rows", "in de eerste {count} rijen staat geen kopregel"),
    ("there is no column {column}", "er is geen kolom {column}"),
    (
        "the row is longer than {limit} bytes and was not read",
        "de rij is langer dan {limit} bytes en is niet gelezen",
    ),
    (
        "a quote does not close, or text follows the closing quote",
        "een aanhalingsteken wordt niet gesloten, of er staat tekst achter het sluitende aanhalingsteken",
    ),
    ("the text {what}; from here such rows are read as {codec}", "de tekst {what}; vanaf hier gelezen als {codec}"),
    ("the row holds a NUL byte", "in de rij staat een teken dat geen tekst is (NUL)"),
    (
        "the row has {cells} {cells:cell|cells}, the header {columns}",
        "de rij heeft {cells} {cells:cel|cellen}, de kopregel {columns}",
    ),
    (
        "the first cell is empty: were cells merged? Nothing was filled in",
        "de eerste cel is leeg: zijn er cellen samengevoegd? Er is niets ingevuld",
    ),
    (
        "the cell begins as a formula; it was read as text",
        "de cel begint als een formule; zij is als tekst gelezen",
    ),
    (
        "the file begins as UTF-16 and does not go on as UTF-16",
        "het bestand begint als UTF-16 en gaat niet zo verder",
    ),
    (
        "this is {what}, not delimited text",
        "dit is geen lijst met scheidingstekens, maar een Excel-werkboek of zip-bestand: sla de lijst op als CSV",
    ),
    (
        "no mapping accepts this table of {count} {count:column|columns}; {mapping} comes nearest and also asks for "
        "{columns}",
        "in deze lijst van {count} {count:kolom|kolommen} ontbreekt: {columns} (de lijst lijkt het meest op {mapping})",
    ),
    (
        "no mapping accepts this table of {count} {count:column|columns}",
        "deze lijst van {count} {count:kolom|kolommen} is hier niet bekend",
    ),
    ("no row of this table could be used", "geen rij van deze lijst is bruikbaar"),
    # ---- lists that say everything
    (
        "the file breaks off in its last line: nothing of it is used",
        "het bestand breekt af in de laatste regel: er is niets van gebruikt",
    ),
    (
        "the file does not end with its total, so its end was lost: nothing of it is used",
        "het bestand eindigt niet met het totaal, dus het einde is verloren: er is niets van gebruikt",
    ),
    (
        "the total at the end is not the number of beds above it ({count}): nothing of the file is used",
        "het totaal aan het einde is niet het aantal bedden erboven ({count}): er is niets van het bestand gebruikt",
    ),
    (
        "this list says how it was at {moment}, and one of {newest} was taken of the same source: nothing of it is "
        "used",
        "deze lijst zegt hoe het was op {moment}, en van dezelfde bron is er al een van {newest} verwerkt: er is niets "
        "van gebruikt",
    ),
    (
        "this list has {count} {count:bed|beds} and the last one of this source had {before}: less than {share} %, so "
        "half of it seems lost",
        "deze lijst heeft {count} {count:bed|bedden} en de vorige van deze bron had er {before}: minder dan {share} %, "
        "dus er lijkt een deel verloren",
    ),
    (
        "this list does not end with a line end, as the last one of this source did: its end seems lost",
        "deze lijst eindigt niet met een regeleinde, zoals de vorige van deze bron: het einde lijkt verloren",
    ),
    (
        "this list no longer has a bed that an earlier one had; nothing was changed: {beds}",
        "in deze lijst ontbreekt een bed dat eerder wel in de lijst stond; er is niets gewijzigd: {beds}",
    ),
    (
        "this list no longer has a bed that an earlier one had; it is not offered any more: {beds}",
        "in deze lijst ontbreekt een bed dat eerder wel in de lijst stond; het wordt niet meer aangeboden: {beds}",
    ),
    (
        "this list no longer has {count} beds that an earlier one had; nothing was changed: {beds}",
        "in deze lijst ontbreken {count} bedden die eerder wel in de lijst stonden; er is niets gewijzigd: {beds}",
    ),
    (
        "this list no longer has {count} beds that an earlier one had; they are not offered any more: {beds}",
        "in deze lijst ontbreken {count} bedden die eerder wel in de lijst stonden; zij worden niet meer aangeboden: "
        "{beds}",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("delimited text", "een lijst (CSV)"),
    ("FHIR JSON or XML", "FHIR in JSON of XML"),
    ("nothing that is known here", "niets wat hier bekend is"),
    ("a zip archive or an Excel workbook", "een zip-bestand of een Excel-werkboek"),
    ("an Excel workbook or a zip archive", "een Excel-werkboek of een zip-bestand"),
    ("an old Excel workbook", "een oud Excel-werkboek"),
    ("a PDF", "een PDF"),
    ("an HTTP request", "een HTTP-verzoek"),
    ("it is a second header; the rows below it are read by it", "zij is een tweede kopregel; daaronder geldt die"),
    ("it is a total", "zij is een totaal"),
    ("it could not be read", "zij is onleesbaar"),
    ("is not in the declared character set", "staat niet in de afgesproken tekenset"),
    ("is not UTF-8 and nothing else is declared", "is geen UTF-8 en iets anders is niet afgesproken"),
)
