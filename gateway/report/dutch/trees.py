"""What is found in JSON, NDJSON and XML before a mapping reads it."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("this is not JSON: {why}", "dit is geen JSON: {why}"),
    ("the text is not UTF-8", "de tekst is geen UTF-8"),
    ("the text is not {codec}", "de tekst is geen {codec}"),
    (
        "the text holds half a surrogate pair: it is not valid Unicode",
        "in de tekst staat een half teken: dat is geen geldig Unicode",
    ),
    ("a number is larger than any FHIR decimal can be", "een getal is groter dan FHIR toestaat"),
    ("a number has an exponent beyond {most}", "een getal heeft een exponent van meer dan {most}"),
    ("the JSON is nested too deep to be read", "de JSON is te diep genest om te lezen"),
    ("the JSON is nested deeper than {most} levels", "de JSON is dieper genest dan {most} niveaus"),
    (
        "the text holds a NUL character (\\u0000), which FHIR does not allow",
        "in de tekst staat het teken NUL (\\u0000), dat FHIR niet toestaat",
    ),
    ("an object names a property twice: {names}", "een object noemt een naam twee keer: {names}"),
    (
        "a JSON message is at most {limit} bytes; this one has {came}",
        "een JSON-bericht is ten hoogste {limit} bytes; dit heeft er {came}",
    ),
    ("a JSON message is an object", "een JSON-bericht is een object"),
    (
        "a line of NDJSON is at most {limit} bytes; this one was passed over",
        "een regel NDJSON is ten hoogste {limit} bytes; deze is overgeslagen",
    ),
    (
        "the last line breaks off: no newline, and no whole JSON; nothing of it was used; send it again",
        "de laatste regel breekt af: geen regeleinde en geen hele JSON; er is niets van gebruikt; stuur haar opnieuw",
    ),
    (
        "this is JSON, but not a FHIR resource: it names no resourceType",
        "dit is JSON, maar geen FHIR-resource: er is geen resourceType",
    ),
    # ---- XML
    ("this is not well-formed XML", "dit is geen welgevormde XML"),
    ("this is not well-formed XML: {why}", "dit is geen welgevormde XML: {why}"),
    ("elements are nested deeper than {most}", "elementen zijn dieper genest dan {most}"),
    ("a DOCTYPE is not taken: leave it out", "een DOCTYPE wordt niet aangenomen: laat hem weg"),
    ("a DOCTYPE is not taken", "een DOCTYPE wordt niet aangenomen"),
    (
        "an XML message is at most {limit} bytes; this one has {came}",
        "een XML-bericht is ten hoogste {limit} bytes; dit heeft er {came}",
    ),
    ("an XML message has at most {limit} tags", "een XML-bericht heeft ten hoogste {limit} tags"),
    ("an element has at most {limit} attributes", "een element heeft ten hoogste {limit} attributen"),
    (
        "the byte order mark says {codec}, and the bytes are not",
        "de byte order mark zegt {codec}, en dat zijn de bytes niet",
    ),
    ("the first bytes say {codec}, and the bytes are not", "de eerste bytes zeggen {codec}, en dat is het niet"),
    (
        "XML that declares no encoding is {codec}, and the bytes are not",
        "XML zonder opgegeven tekenset is {codec}, en dat zijn de bytes niet",
    ),
    (
        "the XML declaration says {codec}, and the bytes are not",
        "de XML-declaratie zegt {codec}, en dat zijn de bytes niet",
    ),
    ("the bytes look like {codec}, and the bytes are not", "de bytes lijken {codec}, en dat zijn zij niet"),
    (
        "the XML declaration names an encoding that is not read here; send UTF-8",
        "de XML-declaratie noemt een tekenset die hier niet wordt gelezen; stuur UTF-8",
    ),
    (
        "the XML declaration and the bytes disagree: declared {declared}, read as {used}",
        "de XML-declaratie en de bytes spreken elkaar tegen: opgegeven is {declared}, gelezen als {used}",
    ),
    # ---- FHIR in XML
    (
        "FHIR XML has no document type and no entities of its own",
        "FHIR-XML heeft geen DOCTYPE en geen eigen entiteiten",
    ),
    (
        "FHIR XML has no processing instructions in a resource",
        "FHIR-XML heeft geen verwerkingsinstructies in een resource",
    ),
    (
        "text stands between elements; FHIR XML has values in attributes",
        "er staat tekst tussen elementen; in FHIR-XML staan waarden in attributen",
    ),
    (
        "the root is not an element of FHIR: its namespace is not {namespace}",
        "de wortel is geen element van FHIR: de namespace is niet {namespace}",
    ),
    (
        "the root is not the name of a resource type of R4",
        "de wortel is niet de naam van een type resource van R4",
    ),
    (
        "here stands one resource of R4, in the namespace of FHIR",
        "hier staat één resource van R4, in de namespace van FHIR",
    ),
    (
        "the element is of another namespace than FHIR's",
        "het element is van een andere namespace dan die van FHIR",
    ),
    ("the value is not a {type}", "de waarde is geen {type}"),
    (
        "{element} stands too late: the elements of FHIR XML have a fixed order",
        "{element} staat te laat: de elementen van FHIR-XML hebben een vaste volgorde",
    ),
    ("{element} is one too many", "{element} is er een te veel"),
    ("the resource is nested deeper than {most} levels", "de resource is dieper genest dan {most} niveaus"),
    ("{element} has no attribute of this name", "{element} heeft geen attribuut met deze naam"),
    ("{element} has no attribute {name}", "{element} heeft geen attribuut {name}"),
    ("{element} holds no resource", "in {element} zit geen resource"),
    ("{element} has no value and no extension", "{element} heeft geen waarde en geen extensie"),
    ("the narrative is nested deeper than {most} levels", "de tekst (narrative) is dieper genest dan {most} niveaus"),
    ("XML in UTF-32 is not read here: send UTF-8", "XML in UTF-32 wordt hier niet gelezen: stuur UTF-8"),
    (
        "the XML declaration names another character set than the Content-Type or the first bytes",
        "de XML-declaratie noemt een andere tekenset dan het Content-Type of de eerste bytes",
    ),
    (
        "this character set of XML is not read here: send UTF-8",
        "deze tekenset van XML wordt hier niet gelezen: stuur UTF-8",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("the text ends too early", "de tekst houdt te vroeg op"),
    ("invalid character", "er staat een teken dat er niet mag staan"),
    ("invalid number", "een getal is niet goed geschreven"),
    ("invalid escape character in string", "in een tekst staat een onbekende escape-reeks"),
    ("trailing characters", "er staat nog iets achter het einde"),
    ("trailing comma in object", "achter het laatste van een object staat een komma"),
    ("trailing comma in array", "achter het laatste van een array staat een komma"),
    ("object keys must be strings", "een naam staat niet tussen aanhalingstekens"),
    ("expected ':'", "er ontbreekt een dubbele punt"),
    ("expected ',' or '}'", "er ontbreekt een komma of }"),
    ("expected ',' or ']'", "er ontbreekt een komma of ]"),
    ("invalid utf-8", "de tekst is geen UTF-8"),
    ("number out of range", "een getal is te groot"),
    ("the text is not UTF-8", "de tekst is geen UTF-8"),
    ("an unusual name", "een ongewone naam"),
    # ---- XML
    ("an element is closed by a tag of another name", "een element is afgesloten met een andere naam"),
    ("the text ends within an element", "de tekst eindigt binnen een element"),
    ("a tag is not closed with >", "een tag is niet afgesloten met >"),
    (
        "the value of an attribute does not stand between quotes",
        "de waarde van een attribuut staat niet tussen aanhalingstekens",
    ),
    ("there is no blank between two attributes", "tussen twee attributen staat geen spatie"),
    (
        "there is something after the last element, or no element",
        "er staat iets achter het laatste element, of er is geen element",
    ),
    ("there is no element", "er is geen element"),
    (
        "an entity is used that XML does not know: write it as a character",
        "er staat een entiteit die XML niet kent: schrijf haar als teken",
    ),
    ("an element has an attribute twice", "een element heeft een attribuut twee keer"),
    ("a character stands there that XML does not allow", "er staat een teken dat XML niet toestaat"),
    ("a name is too long", "een naam is te lang"),
    ("an attribute holds a <: write it as &lt;", "in een attribuut staat <: schrijf &lt;"),
    ("an & stands by itself: write it as &amp;", "er staat een losse &: schrijf &amp;"),
    (
        "a < or & stands by itself: write it as &lt; or &amp;",
        "er staat een losse < of &: schrijf &lt; of &amp;",
    ),
    ("a prefix is used that no xmlns declares", "er staat een prefix zonder xmlns"),
    ("it holds NUL", "er staat NUL in"),
    (
        "it holds NUL (UTF-16 begins with a byte order mark)",
        "er staat NUL in (UTF-16 begint met een byte order mark)",
    ),
    ("syntax error", "de schrijfwijze klopt niet"),
    ("no element found", "er is geen element, of de tekst is afgebroken"),
    ("not well-formed (invalid token)", "er staat een teken dat daar niet mag staan"),
    ("unclosed token", "een teken of tag is niet afgesloten"),
    ("mismatched tag", "een element is afgesloten met een andere naam"),
    ("duplicate attribute", "een element heeft een attribuut twee keer"),
    ("junk after document element", "er staat iets achter het laatste element"),
    (
        "undefined entity (only &amp; &lt; &gt; &quot; &apos; and &#…; are known)",
        "een onbekende entiteit (bekend zijn &amp; &lt; &gt; &quot; &apos; en &#…;)",
    ),
    ("reference to invalid character number", "een verwijzing naar een teken dat er niet is"),
    ("unbound prefix", "er staat een prefix zonder xmlns"),
    ("unclosed CDATA section", "een CDATA is niet afgesloten"),
    ("XML declaration not well-formed", "de XML-declaratie is niet goed geschreven"),
    (
        "XML or text declaration not at start of entity",
        "de XML-declaratie staat niet aan het begin",
    ),
    ("partial character", "een teken is afgebroken"),
    ("unknown encoding", "een onbekende tekenset"),
)
