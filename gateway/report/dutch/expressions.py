"""Why an expression of a mapping cannot be applied to what came: the errors of FHIRPath."""

TEXTS: tuple[tuple[str, str], ...] = ()

PARTS: tuple[tuple[str, str], ...] = (
    ("& joins texts only; toString() makes a text", "& voegt alleen teksten samen"),
    ("only a number or quantity has a sign", "alleen een getal heeft een teken"),
    ("{operator} is not defined for these types", "{operator} kan niet met deze soorten waarden"),
    ("only true and false can be asked so", "dit kan alleen met true en false"),
    ("repeat() has made more than {most} items", "een herhaling geeft meer dan {most} waarden"),
    ("skip() and take() need an Integer", "hier is een geheel getal nodig"),
    ("conformsTo() knows the base definitions of R4 only", "alleen de basisdefinities van R4 zijn bekend"),
    ("now() needs the time: give it as the variable `now`", "de tijd van nu is niet gegeven"),
    ("a number is needed here", "hier is een getal nodig"),
    ("round() keeps 0 to 28 decimal places", "afronden kan op 0 tot en met 28 decimalen"),
    ("no value was given for %{name}", "er is geen waarde gegeven voor %{name}"),
    ("values of these types cannot be put in order", "waarden van deze soorten hebben geen volgorde"),
    (
        "this pattern is tried on at most {most} characters",
        "dit patroon wordt op ten hoogste {most} tekens geprobeerd",
    ),
    ("the pattern is longer than {most} characters", "het patroon is langer dan {most} tekens"),
    ("the pattern is not a regular expression", "het patroon is geen reguliere expressie"),
    (
        "the pattern has too many repeats that can take the same characters",
        "het patroon heeft te veel herhalingen van dezelfde tekens",
    ),
    (
        "the pattern repeats what repeats itself, such as (a+)+: its time has no bound",
        "het patroon herhaalt een herhaling, zoals (a+)+",
    ),
    ("a single item is needed here, and there are more", "hier is één waarde nodig, en er zijn er meer"),
    (
        "a number beyond 10 to the power of {most} is not reckoned with",
        "met een getal boven 10 tot de macht {most} wordt niet gerekend",
    ),
    ("a text is needed here; toString() makes one", "hier is een tekst nodig"),
    ("an Integer is needed here", "hier is een geheel getal nodig"),
    (
        "the replacement names a group that the pattern does not have",
        "de vervanging noemt een groep die het patroon niet heeft",
    ),
    ("the text is not {form} of UTF-8", "de tekst is geen {form} van UTF-8"),
    ("the text is not an escaped JSON text", "de tekst is geen JSON-tekst met escapes"),
)
