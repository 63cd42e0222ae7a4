"""What is found in narratives and in Bundles."""

TEXTS: tuple[tuple[str, str], ...] = (
    # ---- narratives
    ("the narrative is not well-formed xhtml", "de tekst (narrative) is geen welgevormde xhtml"),
    (
        "the narrative is not well-formed xhtml: {why} in line {line}",
        "de tekst (narrative) is geen welgevormde xhtml: {why} in regel {line}",
    ),
    (
        "txt-2: the narrative has some content that is not white space",
        "txt-2: in de tekst (narrative) staat iets",
    ),
    (
        "a narrative has no document type and no entities of its own",
        "een tekst (narrative) heeft geen DOCTYPE en geen eigen entiteiten",
    ),
    ("a narrative has no document type", "een tekst (narrative) heeft geen DOCTYPE"),
    (
        "a narrative has no processing instructions",
        "een tekst (narrative) heeft geen verwerkingsinstructies",
    ),
    (
        "a narrative has no CDATA sections: HTML takes them for markup",
        "een tekst (narrative) heeft geen CDATA: HTML leest dat als opmaak",
    ),
    (
        "a comment in a narrative does not begin with > or ->: in HTML it ends there",
        "een commentaar in een tekst (narrative) begint niet met > of ->: in HTML eindigt het daar",
    ),
    ("a narrative is a <div {xmlns}>", "een tekst (narrative) is een <div {xmlns}>"),
    ("something follows the narrative", "er staat iets achter de tekst (narrative)"),
    ("txt-1: a narrative has no <{name}>", "txt-1: een tekst (narrative) heeft geen <{name}>"),
    ("txt-1: an element is not allowed", "txt-1: een element is niet toegestaan"),
    (
        "a narrative has no event handlers such as {name}",
        "een tekst (narrative) heeft geen event handlers zoals {name}",
    ),
    (
        "txt-1: a narrative has no attribute {name}",
        "txt-1: een tekst (narrative) heeft geen attribuut {name}",
    ),
    ("{name} holds an address that could run something", "in {name} staat een adres dat iets kan uitvoeren"),
    ("a style may not load or run anything", "een style mag niets laden of uitvoeren"),
    # ---- Bundles
    ("bdl-1: only a searchset or a history has a total", "bdl-1: alleen een searchset of history heeft een total"),
    (
        "bdl-9: a document has an identifier with a system and a value",
        "bdl-9: een document heeft een identifier met system en value",
    ),
    ("bdl-10: a document has a timestamp", "bdl-10: een document heeft een timestamp"),
    (
        "{rule}: the first resource of a {kind} is a {type}",
        "{rule}: de eerste resource van een {kind} is een {type}",
    ),
    (
        "bdl-2: only an entry of a searchset has search",
        "bdl-2: alleen een entry van een searchset heeft search",
    ),
    ("{rule}: an entry of a {kind} has a {part}", "{rule}: een entry van een {kind} heeft een {part}"),
    ("{rule}: an entry of a {kind} has no {part}", "{rule}: een entry van een {kind} heeft geen {part}"),
    (
        "bdl-5: an entry has a resource, a request or a response",
        "bdl-5: een entry heeft een resource, een request of een response",
    ),
    ("bdl-8: a fullUrl names no version", "bdl-8: een fullUrl noemt geen versie"),
    (
        "a fullUrl is an absolute URL, urn:uuid:… in lower case, or urn:oid:…",
        "een fullUrl is een absolute URL, urn:uuid:… in kleine letters, of urn:oid:…",
    ),
    (
        "the fullUrl does not end in the type and id of the resource",
        "de fullUrl eindigt niet op type en id van de resource",
    ),
    ("{method} needs a resource", "{method} heeft een resource nodig"),
    ("{method} takes no resource", "{method} heeft geen resource"),
    ("POST goes to the type of its resource: {type}", "POST gaat naar het type van de resource: {type}"),
    ("{method} goes to Type/id or Type?search", "{method} gaat naar Type/id of Type?zoekvraag"),
    (
        "the resource is of another type than request.url names",
        "de resource is van een ander type dan request.url noemt",
    ),
    ("the resource has the id that request.url names", "de resource heeft de id die request.url noemt"),
    (
        "bdl-7: the same fullUrl stands twice in the Bundle",
        "bdl-7: dezelfde fullUrl staat twee keer in de Bundle",
    ),
    (
        "a transaction changes a resource once at most",
        "een transaction wijzigt een resource ten hoogste één keer",
    ),
    (
        "the audit is written by the gateway alone, of what is done: nobody adds to it, changes or deletes it",
        "de logging schrijft alleen de gateway, van wat er gebeurt: niemand voegt iets toe, wijzigt of verwijdert iets",
    ),
    (
        "an id that begins with partner- is of the registry of partners, which the operator alone changes",
        "een id dat met partner- begint, is van het register van partners; dat wijzigt alleen de beheerder",
    ),
    (
        "an id that begins with kpi- is of a figure that was frozen: it is made once, and nobody changes or deletes it",
        "een id dat met kpi- begint, is van een bevroren cijfer: dat wordt één keer gemaakt, en niemand wijzigt of "
        "verwijdert het",
    ),
    (
        "who may see is said by the organisation that keeps the record of the patient, and by no other one",
        "wie iets mag zien, zegt de organisatie die het dossier van de patiënt houdt, en geen andere",
    ),
    (
        "this restricts the rule in a way that the gateway does not look at: what the rule permits is not permitted, "
        "and what it denies is denied as if this were not there",
        "dit beperkt de regel op een manier waarnaar de gateway niet kijkt: wat de regel toestaat, is niet toegestaan, "
        "en wat hij weigert, is geweigerd alsof dit er niet stond",
    ),
)

PARTS: tuple[tuple[str, str], ...] = ()
