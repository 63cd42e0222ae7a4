"""What is found in HL7 v2 and EDIFACT before a mapping reads it."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("the message does not begin with the segment MSH", "het bericht begint niet met het segment MSH"),
    (
        "the message does not begin with the segment MSH, nor the batch with FHS or BHS",
        "het bericht begint niet met het segment MSH, en de reeks niet met FHS of BHS",
    ),
    (
        "{segment}-1 counts {said}, but {came} came: the file is not whole",
        "{segment}-1 telt er {said}, maar er {came:kwam|kwamen} er {came}: het bestand is niet compleet",
    ),
    (
        "no character set is declared and the text is not ASCII; it was read as {codec}",
        "er is geen tekenset opgegeven en de tekst is geen ASCII; zij is gelezen als {codec}",
    ),
    (
        "the bytes are not in the declared character set; they were read as {codec}",
        "de bytes staan niet in de opgegeven tekenset; zij zijn gelezen als {codec}",
    ),
    (
        "MSH-18 is not a character set, MSH-19 is: it stands one field too far and was used",
        "MSH-18 is geen tekenset en MSH-19 wel: de tekenset staat een veld te ver en is gebruikt",
    ),
    (
        "MSH-18 is not a character set of table 0211; one that fits the bytes was used",
        "MSH-18 is geen tekenset van tabel 0211; gelezen is met een tekenset die past",
    ),
    (
        "a delimiter stands twice in MSH-2; it was read in the way that fits the message",
        "een scheidingsteken staat twee keer in MSH-2; gelezen is zoals het bij het bericht past",
    ),
    (
        "MSH-1 is absent: the message stops after three letters",
        "MSH-1 ontbreekt: het bericht houdt na drie letters op",
    ),
    ("MSH-2 is empty: it names no component separator", "MSH-2 is leeg: er is geen scheidingsteken voor componenten"),
    ("MSH-2 is longer than {count} characters", "MSH-2 is langer dan {count} tekens"),
    ("MSH-1 and MSH-2 may hold punctuation only", "in MSH-1 en MSH-2 mogen alleen leestekens staan"),
    (
        "MSH-1 and MSH-2 name the same character for two purposes",
        "MSH-1 en MSH-2 noemen hetzelfde teken voor twee doelen",
    ),
    (
        "an escape sequence is not known here and was kept as it stands",
        "een escape-reeks is hier niet bekend en is bewaard zoals zij er staat",
    ),
    ("the message is longer than {limit} bytes", "het bericht is langer dan {limit} bytes"),
    (
        "the message begins as UTF-16 and does not go on as UTF-16",
        "het bericht begint als UTF-16 en gaat niet zo verder",
    ),
    ("the message holds a NUL byte", "in het bericht staat een teken dat geen tekst is (NUL)"),
    ("the message has more than {limit} lines", "het bericht heeft meer dan {limit} regels"),
    ("the line is not a segment", "de regel is geen segment"),
    (
        "{count} more {count:line is not a segment|lines are not segments}",
        "nog {count} {count:regel is geen segment|regels zijn geen segmenten}",
    ),
    (
        "there are {count} messages (MSH) where one was expected",
        "er zijn {count} berichten (MSH) waar er één werd verwacht",
    ),
    (
        "a batch (FHS, BHS) stands where one message was expected",
        "er staat een reeks (FHS, BHS) waar één bericht werd verwacht",
    ),
    # ---- EDIFACT
    (
        "this is UTF-16; an interchange is sent in the character set that UNB-1 names",
        "dit is UTF-16; een interchange wordt gestuurd in de tekenset die UNB-1 noemt",
    ),
    (
        "the bytes are not in the character set that UNB-1 declares; they were read as {codec}",
        "de bytes staan niet in de tekenset die UNB-1 opgeeft; zij zijn gelezen als {codec}",
    ),
    (
        "UNB-1 names no character set that is known here; one that fits the bytes was used",
        "UNB-1 noemt geen tekenset die hier bekend is; gelezen is met een tekenset die past",
    ),
    (
        "this is no segment; is an apostrophe in the text before it not released (?')?",
        "dit is geen segment; is een apostrof in de tekst ervoor niet geschreven als ?'",
    ),
    ("a NUL byte stands in the interchange", "in de interchange staat een teken dat geen tekst is (NUL)"),
    ("UNB-2 is empty: nobody sent this", "UNB-2 is leeg: er is geen afzender"),
    ("UNB-5 is empty: the interchange has no reference", "UNB-5 is leeg: de interchange heeft geen referentie"),
    ("the interchange holds no message", "in de interchange zit geen bericht"),
    ("{segment} stands outside a message", "{segment} staat buiten een bericht"),
    (
        "the message stands outside the groups of the interchange",
        "het bericht staat buiten de groepen van de interchange",
    ),
    ("the group ends without UNE", "de groep eindigt zonder UNE"),
    (
        "another message of this interchange has the same reference",
        "een ander bericht van deze interchange heeft dezelfde referentie",
    ),
    ("{segment}-1 is no number; {came} {what} came", "{segment}-1 is geen getal; het aantal {what} is {came}"),
    (
        "{segment}-1 counts {said} {what}, but {came} came",
        "volgens {segment}-1 is het aantal {what} {said}, maar er {came:kwam|kwamen} er {came}",
    ),
    ("{trailer}-2 is not the reference of {header}", "{trailer}-2 is niet de referentie van {header}"),
    ("UNH-{path} is empty: the message has no {what}", "UNH-{path} is leeg: het bericht heeft geen {what}"),
    (
        "the message ends without UNT: it was cut off, and nothing of it may count",
        "het bericht eindigt zonder UNT: het is afgebroken, en niets ervan telt",
    ),
    ("the message has more than {limit} segments", "het bericht heeft meer dan {limit} segmenten"),
    (
        "a control character (hexadecimal {code}) stands in the segment",
        "in het segment staat een besturingsteken (hexadecimaal {code})",
    ),
    ("there are several messages where one was expected", "er zijn meer berichten waar er één werd verwacht"),
    (
        "the interchange ends without UNZ: its end was lost, and what followed this message may be",
        "de interchange eindigt zonder UNZ: het einde is verloren, en wat op dit bericht volgde misschien ook",
    ),
    (
        "the last segment does not end; it is whole by its count and reference",
        "het laatste segment is niet afgesloten; volgens telling en referentie is het compleet",
    ),
    ("line breaks inside segments {what}", "regeleinden binnen segmenten {what}"),
    (
        "UNA is cut off: six characters follow its three letters",
        "UNA is afgebroken: na de drie letters komen zes tekens",
    ),
    ("UNA names a letter, a digit or a blank as {name}", "UNA noemt een letter, cijfer of spatie als {name}"),
    ("UNA names the same character for two purposes", "UNA noemt hetzelfde teken voor twee doelen"),
    ("this is longer than {limit} bytes", "dit is langer dan {limit} bytes"),
    ("there is no interchange here", "er is geen interchange gestuurd"),
    ("the interchange does not begin with UNA or UNB", "de interchange begint niet met UNA of UNB"),
    (
        "what follows an interchange does not begin with UNA or UNB",
        "wat op een interchange volgt, begint niet met UNA of UNB",
    ),
    ("UNB does not follow UNA", "na UNA komt geen UNB"),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("segments", "segmenten"),
    ("messages", "berichten"),
    ("groups", "groepen"),
    ("reference", "referentie"),
    ("type", "type"),
    ("component separator", "scheidingsteken van componenten"),
    ("element separator", "scheidingsteken van elementen"),
    ("decimal mark", "decimaalteken"),
    ("release", "vrijgaveteken"),
    ("repetition", "herhalingsteken"),
    ("terminator", "afsluitteken"),
    (
        "belong to lines of fixed width and were left out",
        "horen bij regels van vaste breedte en zijn weggelaten",
    ),
    ("were kept as blank space", "zijn bewaard als spatie"),
)
