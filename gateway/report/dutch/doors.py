"""Why nothing of what was sent was even read: what is found at the doors."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("a Bundle holds at most {count} entries", "een Bundle bevat ten hoogste {count} entries"),
    ("the body is larger than {limit} bytes", "wat is gestuurd, is groter dan {limit} bytes"),
    ("the body is larger than the gateway takes", "wat is gestuurd, is te groot"),
    ("the inflated body is larger than {limit} bytes", "wat is gestuurd, is uitgepakt groter dan {limit} bytes"),
    ("the body is not gzip", "wat is gestuurd, is geen gzip"),
    ("the gzip body is cut off, or something follows it", "de gzip breekt af, of er staat iets achter"),
    ("Content-Encoding is gzip, or is left out", "Content-Encoding is gzip, of blijft weg"),
    (
        "the body breaks off, or is not well-formed chunks",
        "wat is gestuurd, breekt af, of is niet goed in stukken verdeeld",
    ),
    ("the request cannot be read", "het verzoek is onleesbaar"),
    ("the URL is longer than {limit} bytes; {rest}", "het adres is langer dan {limit} bytes"),
    ("this method is not served here; {rest}", "deze methode kan hier niet: berichten worden met POST gestuurd"),
    (
        "a page of another site may not send anything here",
        "een pagina van een andere site mag hier niets sturen",
    ),
    (
        "this form holds no file: give a part a filename, as curl -F file=@NAME does",
        "in dit formulier zit geen bestand: kies er een",
    ),
    ("a form holds at most {limit} files and fields", "een formulier heeft ten hoogste {limit} bestanden en velden"),
    (
        "the form breaks off, or is not well-formed multipart/form-data",
        "het formulier breekt af, of is geen welgevormde multipart/form-data",
    ),
    (
        "nobody is known by this request: show the certificate of a partner, or a token of this gateway",
        "dit verzoek zegt niet van wie het is: toon het certificaat van een partner, of een token van deze gateway",
    ),
    (
        "the token is not valid here, or not any more: ask for another one",
        "het token geldt hier niet, of niet meer: vraag een nieuw token",
    ),
    (
        "this partner asks more often than was agreed; try again in {seconds} seconds",
        "deze partner vraagt vaker dan is afgesproken; probeer het over {seconds} seconden opnieuw",
    ),
    (
        "the sending facility (MSH-4) is one that this sender may not send as",
        "deze afzender mag niet sturen onder de naam in MSH-4",
    ),
    (
        "MSH-4 must say as which of its providers this sender sends",
        "MSH-4 moet zeggen namens welke van zijn aanbieders deze afzender stuurt",
    ),
    ("no provider '{name}'", "er is geen aanbieder '{name}'"),
    # ---- signatures
    (
        "messages of this provider are signed, and this one is not; nothing was read. The sender must put the "
        "signature in {header}",
        "berichten van deze aanbieder zijn ondertekend en dit niet; er is niets gelezen. De afzender zet de "
        "handtekening in {header}",
    ),
    (
        "the signature in {header} is not that of these bytes under a secret of this provider; nothing was read. The "
        "sender must sign the body as it is sent, with the secret that was agreed on",
        "de handtekening in {header} past niet bij wat is gestuurd en bij een geheim van deze aanbieder; er is niets "
        "gelezen. De afzender ondertekent wat hij stuurt met het geheim dat is afgesproken",
    ),
    (
        "the signature in {header} was made more than {seconds} seconds before or after now; nothing was read. The "
        "sender must sign each time that it sends, and set its clock right",
        "de handtekening in {header} is meer dan {seconds} seconden voor of na nu gezet; er is niets gelezen. De "
        "afzender ondertekent telkens als hij stuurt, en zet zijn klok gelijk",
    ),
    # ---- later
    ("{what} is being read, and this one was not", "{what} wordt nu gelezen, en dit niet"),
    (
        "the store is busy: others have been writing to it for {seconds} seconds",
        "de opslag is bezet: anderen schrijven er al {seconds} seconden in",
    ),
    ("the store cannot be reached now", "de opslag is nu niet te bereiken"),
    ("the store cannot be used now: {reason}", "de opslag werkt nu niet ({reason})"),
    (
        "others keep changing what this transaction changes",
        "anderen wijzigen telkens wat ook dit wijzigt",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("another large body of yours", "een ander groot bestand van u"),
    ("other large bodies", "een ander groot bestand"),
    ("{header}, and its moment in {moment}: SECONDS", "{header}, en het moment in {moment}: SECONDS"),
)
