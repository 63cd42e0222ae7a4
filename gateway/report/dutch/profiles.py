"""The rules of our own profiles. A rule of HL7's, or of another package, is told in the words it was published in."""

TEXTS: tuple[tuple[str, str], ...] = (
    (
        "msb-slot-1: What is free has something to give: where the numbers available are said, one is above 0",
        "msb-slot-1: Wat vrij is, heeft plaats: waar aantallen vrij genoemd zijn, is er een groter dan 0",
    ),
    ("msb-slot-2: It ends after it starts", "msb-slot-2: Het einde ligt na het begin"),
    (
        "msb-az-1: The number has four parts: service, year, incident, patient",
        "msb-az-1: Het nummer heeft vier delen: dienst, jaar, incident, patiënt",
    ),
    (
        "msb-az-2: A patient has an identifier or a name, if either is known",
        "msb-az-2: Een patiënt heeft een nummer of een naam, als een van beide bekend is",
    ),
    ("msb-az-3: An organisation is known by its URA", "msb-az-3: Een organisatie wordt genoemd met haar URA"),
    ("msb-az-4: A BSN is nine digits", "msb-az-4: Een BSN heeft negen cijfers"),
    (
        "msb-az-5: The referral comes as a transaction or as a message",
        "msb-az-5: De verwijzing komt als transaction of als message",
    ),
    (
        "msb-stop-1: A stop says until when it is expected to last",
        "msb-stop-1: Een stop zegt tot wanneer zij naar verwachting duurt",
    ),
    (
        "msb-fresh-1: It has moments to come, or says that it is stale",
        "msb-fresh-1: Er staan momenten in die nog komen, of dat het verouderd is",
    ),
    (
        "msb-hold-1: A hold has an end to come, or says how and when it ended",
        "msb-hold-1: Wie een plaats vasthoudt doet dat tot een moment, of zegt hoe en wanneer het is geëindigd",
    ),
    ("msb-stop-2: A stop ends after it starts", "msb-stop-2: Het einde van een stop ligt na het begin"),
    (
        "msb-stop-3: A stop leaves the service active: only one that is closed is not",
        "msb-stop-3: Bij een stop blijft de dienst actief: alleen een gesloten dienst is dat niet",
    ),
    (
        "msb-ref-1: It says what is asked: a kind of care, a code, or the reason",
        "msb-ref-1: Er staat wat wordt gevraagd: een soort zorg, een code of de reden",
    ),
    (
        "msb-loc-1: A bed or room says what it stands in",
        "msb-loc-1: Een bed of kamer zegt waar zij in staat",
    ),
    ("msb-count-1: No number of places is below 0", "msb-count-1: Geen aantal plaatsen is kleiner dan 0"),
    (
        "msb-task-1: What was refused, withdrawn or failed says why",
        "msb-task-1: Wat geweigerd, ingetrokken of mislukt is, zegt waarom",
    ),
    (
        "msb-svc-1: It says where: at a place, or in an area",
        "msb-svc-1: Er staat waar: op een locatie, of in een gebied",
    ),
)

PARTS: tuple[tuple[str, str], ...] = ()
