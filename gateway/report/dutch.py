"""What the gateway itself finds, beside its mappings, in Dutch: English text, Dutch text.

Everything a table can meet stands here, and of the other formats what a sender meets most. A text that does not stand
here is told in English, marked as such, behind the Dutch name of its code.
"""

DUTCH: tuple[tuple[str, str], ...] = (
    # ---- tables
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
    (
        "the row was passed over: it is a second header; the rows below it are read by it",
        "de rij is overgeslagen: zij is een tweede kopregel; de rijen eronder zijn daarmee gelezen",
    ),
    ("the row was passed over: it is a total", "de rij is overgeslagen: zij is een totaal"),
    ("the row was passed over: it could not be read", "de rij is overgeslagen: zij is onleesbaar"),
    ("{count} more rows", "nog {count} rijen"),
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
    (
        "the text is not in the declared character set; from here such rows are read as {codec}",
        "de tekst staat niet in de afgesproken tekenset; vanaf hier zijn zulke rijen gelezen als {codec}",
    ),
    (
        "the text is not UTF-8 and nothing else is declared; from here such rows are read as {codec}",
        "de tekst is geen UTF-8 en iets anders is niet afgesproken; vanaf hier zijn zulke rijen gelezen als {codec}",
    ),
    ("the row holds a NUL byte", "in de rij staat een teken dat geen tekst is (NUL)"),
    (
        "the row has {cells} cells, the header {columns}",
        "de rij heeft {cells} cellen, de kopregel {columns}",
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
        "no mapping accepts this table of {count} columns; {mapping} comes nearest and also asks for {columns}",
        "in deze lijst van {count} kolommen ontbreekt: {columns} (de lijst lijkt het meest op {mapping})",
    ),
    (
        "no mapping accepts this table of {count} columns",
        "deze lijst van {count} kolommen is hier niet bekend",
    ),
    ("no row of this table could be used", "geen rij van deze lijst is bruikbaar"),
    # ---- any message
    ("nothing of this could be used", "niets hiervan is bruikbaar"),
    ("no mapping accepts {kind}", "dit soort bericht wordt hier niet gelezen: (in het Engels) {kind}"),
    (
        "a message with this id of this sender was taken before, and its content was another one: nothing of this is "
        "used",
        "een bericht met dit kenmerk van deze afzender is al verwerkt, met een andere inhoud: van dit bericht is niets "
        "gebruikt",
    ),
    (
        "this is said to be so more than 24 hours after it was received: it cannot be known yet",
        "het genoemde moment ligt meer dan 24 uur na de ontvangst: dat is nog niet bekend",
    ),
    (
        "this is said to be so after it was received: one of the clocks is wrong, and it counts as of its receipt",
        "het genoemde moment ligt na de ontvangst: een klok loopt niet gelijk; het moment van ontvangst geldt",
    ),
    (
        "something newer is known of this: what is said here is kept as history, and the present stays",
        "hierover is iets nieuwers bekend: dit is bewaard als historie, en wat nu geldt blijft",
    ),
    (
        "this bed stays in another state than this message gives it: somebody is known to be in it, or to need it",
        "dit bed blijft in een andere toestand dan dit bericht zegt: er ligt iemand in, of iemand heeft het nodig",
    ),
    (
        "this patient is in more than one bed now: {beds}; all of them stay occupied",
        "deze patiënt ligt nu in meer dan een bed: {beds}; alle blijven bezet",
    ),
    (
        "more than one visit is in this bed now: {beds}; it stays occupied until all of them have left",
        "er ligt nu meer dan een opname in dit bed: {beds}; het blijft bezet tot allen weg zijn",
    ),
    (
        "PV1-6 names no bed and none is known of this visit: no bed is freed by this transfer",
        "PV1-6 noemt geen bed en van deze opname is geen bed bekend: door deze overplaatsing komt geen bed vrij",
    ),
    ("the reference names a resource that is not here", "de verwijzing noemt een resource die hier niet is"),
    # ---- HL7 v2, EDIFACT, JSON
    ("the message does not begin with the segment MSH", "het bericht begint niet met het segment MSH"),
    (
        "no character set is declared and the text is not ASCII; it was read as {codec}",
        "er is geen tekenset opgegeven en de tekst is geen ASCII; zij is gelezen als {codec}",
    ),
    (
        "MSH-18 is not a character set of table 0211; one that fits the bytes was used",
        "MSH-18 is geen tekenset van tabel 0211; gelezen is met een tekenset die past",
    ),
    (
        "the bytes are not in the character set that UNB-1 declares; they were read as {codec}",
        "de bytes staan niet in de tekenset die UNB-1 opgeeft; zij zijn gelezen als {codec}",
    ),
    ("UNT-1 counts {said} segments, but {came} came", "UNT-1 telt {said} segmenten, maar er kwamen er {came}"),
    ("UNZ-1 counts {said} messages, but {came} came", "UNZ-1 telt {said} berichten, maar er kwamen er {came}"),
    (
        "the message ends without UNT: it was cut off, and nothing of it may count",
        "het bericht eindigt zonder UNT: het is afgebroken, en niets ervan telt",
    ),
    (
        "the interchange ends without UNZ: its end was lost, and what followed this message may be",
        "de interchange eindigt zonder UNZ: het einde is verloren, en wat op dit bericht volgde misschien ook",
    ),
    ("UNT-2 is not the reference of UNH-1", "UNT-2 is niet de referentie van UNH-1"),
    ("UNZ-2 is not the reference of UNB-5", "UNZ-2 is niet de referentie van UNB-5"),
    (
        "another message of this interchange has the same reference",
        "een ander bericht van deze interchange heeft dezelfde referentie",
    ),
    ("this is not JSON: the text ends too early", "dit is geen JSON: de tekst houdt te vroeg op"),
    ("this is not JSON: invalid character", "dit is geen JSON: er staat een teken dat er niet mag staan"),
)
