"""What is found in a FHIR resource that was sent, or that a mapping made."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("a resource is a JSON object, not {kind}", "een resource is een JSON-object, niet {kind}"),
    (
        "a resource says what it is in 'resourceType', which is missing",
        "een resource zegt in 'resourceType' wat zij is; dat ontbreekt",
    ),
    (
        "'resourceType' is not the name of a resource type of R4",
        "'resourceType' is niet de naam van een type resource van R4",
    ),
    ("{type} is a JSON object, not {kind}", "{type} is een JSON-object, niet {kind}"),
    ("an object is never empty: leave the element out", "een object is nooit leeg: laat het element weg"),
    (
        "R4 {type} has no element with such a name",
        "R4 {type} heeft geen element met zo'n naam",
    ),
    ("R4 {type} has no element with an unusual name", "R4 {type} heeft geen element met zo'n naam"),
    ("R4 {type} has no element {name}", "R4 {type} heeft geen element {name}"),
    ("{element} is required", "{element} is verplicht"),
    (
        "{element}[x] has one type at a time, here it has {count}: {names}",
        "{element}[x] heeft één type tegelijk, hier zijn het er {count}: {names}",
    ),
    ("{element} does not repeat: it is no array", "{element} herhaalt niet: het is geen array"),
    (
        "JSON null stands for nothing in FHIR: leave the element out",
        "null betekent niets in FHIR: laat het element weg",
    ),
    (
        "{element} repeats: it is an array, even of one",
        "{element} kan herhalen: het is een array, ook bij één waarde",
    ),
    ("an array is never empty: leave the element out", "een array is nooit leeg: laat het element weg"),
    (
        "{element} and {partner} have {first} and {second} items: they go in pairs",
        "{element} en {partner} hebben {first} en {second} waarden: zij horen bij elkaar",
    ),
    (
        "an item is null only beside an extension of the same item",
        "een waarde is alleen null naast een extensie van dezelfde waarde",
    ),
    ("sqty-1: this Quantity has no comparator", "sqty-1: deze Quantity heeft geen comparator"),
    (
        "ext-1: an extension holds either a value or extensions, this one {what}",
        "ext-1: een extensie heeft een waarde of extensies, deze {what}",
    ),
    # ---- values
    ("a boolean is true or false, not {kind}", "een boolean is true of false, niet {kind}"),
    ("a decimal is a JSON number, not {kind}", "een decimal is een getal in JSON, niet {kind}"),
    ("a decimal is finite", "een decimal is eindig"),
    (
        "{type} is a JSON number without a fraction, not {kind}",
        "{type} is een geheel getal in JSON, niet {kind}",
    ),
    ("{type} is from {low} to {high}", "{type} ligt van {low} tot en met {high}"),
    ("{type} is a JSON string, not {kind}", "{type} is een tekst in JSON, niet {kind}"),
    ("this is no {type}: {example}", "dit is geen {type}: {example}"),
    ("a {type} is at most {limit} characters long", "een {type} is ten hoogste {limit} tekens lang"),
    # ---- patients in capacity
    (
        "this may be the citizen service number (BSN) of a patient: capacity holds no data of patients",
        "dit kan het burgerservicenummer (BSN) van een patiënt zijn: capaciteit bevat geen gegevens van patiënten",
    ),
    (
        "this may be the number of a patient: capacity holds no data of patients",
        "dit kan het nummer van een patiënt zijn: capaciteit bevat geen gegevens van patiënten",
    ),
    (
        "this may be a date of birth: capacity holds no data of patients",
        "dit kan een geboortedatum zijn: capaciteit bevat geen gegevens van patiënten",
    ),
    (
        "this may be the name of a patient: capacity holds no data of patients",
        "dit kan de naam van een patiënt zijn: capaciteit bevat geen gegevens van patiënten",
    ),
    (
        "this points at a patient: capacity holds no data of patients",
        "dit verwijst naar een patiënt: capaciteit bevat geen gegevens van patiënten",
    ),
    (
        "this is a patient: capacity holds no data of patients",
        "dit is een patiënt: capaciteit bevat geen gegevens van patiënten",
    ),
    # ---- codes and references
    ("the code is not one of {set}", "de code is er geen van {set}"),
    (
        "the code is not in the required value set {set}: {codes}",
        "de code staat niet in de verplichte lijst {set}: {codes}",
    ),
    (
        "the code is not in the required value set {set} ({count} codes)",
        "de code staat niet in de verplichte lijst {set} ({count} codes)",
    ),
    ("the code is not in the required value set {set}", "de code staat niet in de verplichte lijst {set}"),
    (
        "none of the codings is in the required value set {set} of {systems}",
        "geen van de coderingen staat in de verplichte lijst {set} van {systems}",
    ),
    (
        "a reference is Type/id, an absolute URL, urn:uuid:…, #id or Type?search",
        "een verwijzing is Type/id, een absolute URL, urn:uuid:…, #id of Type?zoekvraag",
    ),
    (
        "the reference points to {type}, its type says {said}",
        "de verwijzing wijst naar {type}, haar type zegt {said}",
    ),
    (
        "this element refers to {types} or {last}, not to {type}",
        "dit element verwijst naar {types} of {last}, niet naar {type}",
    ),
    ("this element refers to {types}, not to {type}", "dit element verwijst naar {types}, niet naar {type}"),
    ("two contained resources have the same id", "twee resources in contained hebben dezelfde id"),
    (
        "dom-3: a contained resource has an id, by which the resource refers to it",
        "dom-3: een resource in contained heeft een id waarmee naar haar wordt verwezen",
    ),
    (
        "ref-1: there is no contained resource with the id after '#'",
        "ref-1: er is geen resource in contained met de id achter '#'",
    ),
    (
        "dom-3: a contained resource is referred to from the resource that holds it",
        "dom-3: naar een resource in contained wordt verwezen vanuit de resource waarin zij zit",
    ),
    (
        "dom-2: a contained resource contains no resources itself",
        "dom-2: een resource in contained heeft zelf geen contained",
    ),
    (
        "dom-4: a contained resource has no meta.versionId and no meta.lastUpdated",
        "dom-4: een resource in contained heeft geen meta.versionId en geen meta.lastUpdated",
    ),
    (
        "dom-5: a contained resource has no security label of its own",
        "dom-5: een resource in contained heeft geen eigen security label",
    ),
    # ---- profiles
    (
        "a code of {set} is required here, and there is none",
        "hier is een code van {set} verplicht, en die ontbreekt",
    ),
    (
        "whether the code is in {set} cannot be told: its code system is not here",
        "of de code in {set} staat is niet te zeggen: het codestelsel is hier niet",
    ),
    (
        "the code is not in {set}, which is required here",
        "de code staat niet in {set}, en dat is hier verplicht",
    ),
    (
        "the code is not in {set}, which should be used where it has a fitting code",
        "de code staat niet in {set}; gebruik die lijst als er een passende code in staat",
    ),
    ("{rule}: this expression cannot be evaluated here", "{rule}: deze regel is hier niet na te gaan"),
    ("{rule}: this expression gave no answer", "{rule}: deze regel gaf geen antwoord"),
    (
        "this profile is about {type}, not about {other}",
        "dit profiel gaat over {type}, niet over {other}",
    ),
    ("this profile cannot be used: {why}", "dit profiel is niet bruikbaar: {why}"),
    ("this profile is not known here", "dit profiel is hier niet bekend"),
    ("this extension stands on {places} only", "deze extensie staat alleen op {places}"),
    ("the type here is {types}, not {type}", "het type is hier {types}, niet {type}"),
    ("the value here is fixed: {value}", "de waarde staat hier vast: {value}"),
    ("the value here is fixed", "de waarde staat hier vast"),
    ("the value here has at least: {value}", "de waarde heeft hier ten minste: {value}"),
    ("the value here has at least", "de waarde heeft hier ten minste iets anders"),
    ("the profile {url} is not known here", "het profiel {url} is hier niet bekend"),
    ("this follows none of {urls}", "dit voldoet aan geen van {urls}"),
    (
        "this refers to {types} or {last}, not to {type}",
        "dit verwijst naar {types} of {last}, niet naar {type}",
    ),
    ("this refers to {types}, not to {type}", "dit verwijst naar {types}, niet naar {type}"),
    (
        "the resource this refers to does not follow {urls} or {last}",
        "de resource waarnaar dit verwijst, voldoet niet aan {urls} of {last}",
    ),
    (
        "the resource this refers to does not follow {urls}",
        "de resource waarnaar dit verwijst, voldoet niet aan {urls}",
    ),
    (
        "whether this is one of the profile's slices cannot be told here",
        "of dit een van de slices van het profiel is, is hier niet te zeggen",
    ),
    (
        "{name}: at least {low} needed, there {count:is|are} {count}",
        "{name}: ten minste {low} nodig, er {count:is|zijn} er {count}",
    ),
    (
        "{name}: at most {high} allowed, there {count:is|are} {count}",
        "{name}: ten hoogste {high}, er {count:is|zijn} er {count}",
    ),
    (
        "{name}: not allowed here, there {count:is|are} {count}",
        "{name}: hier niet toegestaan, er {count:is|zijn} er {count}",
    ),
    ("{name}: this fits none of {slices}", "{name}: dit past bij geen van {slices}"),
    (
        "{name}: what fits no slice comes after the slices",
        "{name}: wat bij geen slice past, komt na de slices",
    ),
    (
        "{name}: the slices come in the order {slices}",
        "{name}: de slices staan in de volgorde {slices}",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("null", "null"),
    ("true or false", "true of false"),
    ("a string", "een tekst"),
    ("an object", "een object"),
    ("an array", "een array"),
    ("a whole number", "een geheel getal"),
    ("a number with a fraction", "een getal met decimalen"),
    ("something JSON does not have", "iets wat JSON niet kent"),
    ("has both", "heeft beide"),
    ("has neither", "heeft geen van beide"),
    # ---- what a type looks like
    ("2026-01-05, 2026-01 or 2026", "2026-01-05, 2026-01 of 2026"),
    (
        "2026-01-05T10:00:00+01:00, 2026-01-05, 2026-01 or 2026: a real day, and an offset after a time",
        "2026-01-05T10:00:00+01:00, 2026-01-05, 2026-01 of 2026: een dag die bestaat, en een tijdzone na een tijd",
    ),
    (
        "2026-01-05T10:00:00.000+01:00: a real day, with seconds and an offset",
        "2026-01-05T10:00:00.000+01:00: een dag die bestaat, met seconden en een tijdzone",
    ),
    ("1 to 64 of A-Z a-z 0-9 - .", "1 tot en met 64 van A-Z a-z 0-9 - ."),
    ("text without white space", "tekst zonder spaties"),
    (
        "words with one space between them, none before or after",
        "woorden met één spatie ertussen, geen ervoor of erachter",
    ),
    ("an address without white space", "een adres zonder spaties"),
    ("urn:uuid: and a UUID in lower case", "urn:uuid: en een UUID in kleine letters"),
    (
        "text that is more than white space, without control characters",
        "tekst die niet alleen uit spaties bestaat, zonder besturingstekens",
    ),
    # ---- why a profile cannot be used
    (
        "the StructureDefinition has not the shape of one",
        "de StructureDefinition heeft niet de goede vorm",
    ),
    ("the bases of this profile go round in a circle", "de basisprofielen verwijzen in een kring"),
    ("the base of this profile is not known here", "het basisprofiel is hier niet bekend"),
    (
        "the differential names '{name}', which its base does not have",
        "de differential noemt '{name}', en de basis heeft dat niet",
    ),
    ("a snapshot has from 1 to 4000 elements", "een snapshot heeft 1 tot en met 4000 elementen"),
    (
        "an element of the snapshot stands in one that is not there",
        "een element van de snapshot staat in een element dat er niet is",
    ),
)
