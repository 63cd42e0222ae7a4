"""Why a Subscription cannot be had."""

TEXTS: tuple[tuple[str, str], ...] = (
    (
        "the endpoint is not at an origin that this gateway sends to; its operator lists them in GATEWAY_ENDPOINTS",
        "naar de herkomst van dit endpoint stuurt deze gateway niets; de beheerder noemt ze in GATEWAY_ENDPOINTS",
    ),
    (
        "the endpoint must be an absolute https URL without user, fragment or other characters than those of a URL",
        "het endpoint moet een absolute https-URL zijn, zonder gebruiker, fragment of tekens die niet in een URL horen",
    ),
    ("at most {count} headers are sent", "er worden hoogstens {count} headers gestuurd"),
    (
        "a header is `Name: value`, of printed characters of ASCII",
        "een header is `Naam: waarde`, van afdrukbare ASCII-tekens",
    ),
    (
        "headers that belong to the connection or to the content are the gateway's own",
        "headers die bij de verbinding of de inhoud horen zet de gateway zelf",
    ),
    (
        "give all headers anew, or none of them: {mask} stands for one that was given before",
        "geef alle headers opnieuw, of geen enkele: {mask} staat voor een header die eerder gegeven is",
    ),
    (
        "headers are kept sealed, and this gateway has no key to seal with: its operator sets GATEWAY_DATA_KEYS",
        "headers worden verzegeld bewaard, en deze gateway heeft daar geen sleutel voor: de beheerder zet "
        "GATEWAY_INBOX_KEY",
    ),
    (
        "criteria stand in a resource that others read, and may not hold a BSN",
        "criteria staan in een resource die anderen lezen, en mogen geen BSN bevatten",
    ),
    (
        "criteria look at the resource itself: no chains and no _has",
        "criteria kijken naar de resource zelf: geen ketens en geen _has",
    ),
    (
        "criteria say which resources, and not how they are shown: no sorting, paging or including",
        "criteria zeggen welke resources, en niet hoe zij getoond worden: niet sorteren, bladeren of meenemen",
    ),
    ("the gateway tells subscribers by rest-hook alone", "de gateway meldt aan abonnees alleen per rest-hook"),
    ("this topic is about {types}", "dit onderwerp gaat over {types}"),
    ("a payload is {types}", "een payload is {types}"),
    ("the payload of a topic is {types}", "de payload van een onderwerp is {types}"),
    ("backport-payload-content is one of {codes}", "backport-payload-content is een van {codes}"),
    ("this caller may not read what it would be told", "deze aanroeper mag niet lezen wat er gemeld zou worden"),
    ("it ended before it began", "het eindigde voor het begon"),
    ("{name} is not supported here", "{name} wordt hier niet ondersteund"),
    ("{name} is from {least} to {most}", "{name} is van {least} tot {most}"),
    (
        "no topic of that URL is served; the topics are {urls}",
        "er is geen onderwerp met die URL; de onderwerpen zijn {urls}",
    ),
    (
        "places are not held yet, so no hold expires; the topics are {urls}",
        "plaatsen worden nog niet vastgehouden, dus er vervalt niets; de onderwerpen zijn {urls}",
    ),
)
PARTS: tuple[tuple[str, str], ...] = ()
