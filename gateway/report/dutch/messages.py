"""What is found with any message: who sends it, when it was so, what is known already of its beds and patients."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("nothing of this could be used", "niets hiervan is bruikbaar"),
    ("no mapping accepts {kind}", "dit bericht wordt hier niet gelezen: {kind}"),
    ("{names} both accept {kind}", "twee mappings lezen dit bericht ({kind}), dus geen van beide is gebruikt: {names}"),
    (
        "this caller may not send messages under this provider's name",
        "deze afzender mag niet namens deze aanbieder sturen",
    ),
    ("this caller may not do this", "deze afzender mag dit niet"),
    (
        "this caller may not see what is there under this id, and does not change it",
        "deze afzender mag niet zien wat er onder dit id staat, en verandert het niet",
    ),
    ("this caller may not search there", "deze afzender mag daar niet zoeken"),
    (
        "the policy does not let this caller do this with this resource",
        "het autorisatiebeleid staat deze afzender dit met deze resource niet toe",
    ),
    (
        "{scopes} is what this caller may do with this type, and this resource is not of it as it is written",
        "{scopes} is wat deze afzender met dit type mag, en deze resource valt daar niet onder zoals ze is geschreven",
    ),
    (
        "{scopes} is what this caller may do with this type, and this resource is not of it as it is now",
        "{scopes} is wat deze afzender met dit type mag, en deze resource valt daar niet onder zoals ze nu is",
    ),
    (
        "the policy lets this caller change {elements} here, and nothing else",
        "het autorisatiebeleid laat deze afzender hier {elements} wijzigen, en niets anders",
    ),
    (
        "this caller does not see what is named here, and the policy wants that of who writes it",
        "deze afzender ziet niet wat hier genoemd is, en het autorisatiebeleid wil dat van wie dit schrijft",
    ),
    (
        "this caller sees a reduced form of this resource: a PUT would erase what it does not see; what it may change, "
        "it changes by PATCH",
        "deze afzender ziet een beperkte vorm van deze resource: een PUT zou wissen wat hij niet ziet; wat hij mag "
        "wijzigen, wijzigt hij met PATCH",
    ),
    (
        "this caller does not see all of {name}: it adds to it, and changes or takes away nothing",
        "deze afzender ziet niet alles van {name}: hij voegt eraan toe, en wijzigt of verwijdert niets",
    ),
    (
        "what this caller does not see of the resource does not go with this change",
        "wat deze afzender van de resource niet ziet, gaat niet samen met deze wijziging",
    ),
    (
        "this names another organisation than that of who sends it: nobody sends or asks in the name of another one",
        "dit noemt een andere organisatie dan die van de afzender: niemand verzendt of vraagt namens een ander",
    ),
    (
        "of the organisation that is named here no URA is known: name it by its URA, or by an Organization with it",
        "van de organisatie die hier genoemd is, is geen URA bekend: noem haar met haar URA, of met een Organization "
        "die deze heeft",
    ),
    (
        "a Bundle of type {type} is not taken as a message; send a transaction",
        "een Bundle van type {type} wordt niet als bericht gelezen; stuur een transaction",
    ),
    (
        "a Bundle of type message is not taken here; post it to $process-message",
        "een Bundle van type message wordt hier niet gelezen; stuur die naar $process-message",
    ),
    (
        "a Bundle of this type is kept as one resource: what is in it cannot be found by itself; send a transaction",
        "een Bundle van dit type wordt als één resource bewaard: wat erin staat is niet los te vinden; stuur een "
        "transaction",
    ),
    (
        "a message with this id of this sender was taken before, and its content was another one: nothing of this is "
        "used",
        "een bericht met dit kenmerk van deze afzender is al verwerkt, met een andere inhoud: van dit bericht is niets "
        "gebruikt",
    ),
    (
        "a Bundle with this identifier (or with the id of this MessageHeader) of this sender was carried out before, "
        "and its content was another one: nothing of this is carried out",
        "een Bundle met deze identifier (of met de id van deze MessageHeader) van deze afzender is al uitgevoerd, met "
        "een andere inhoud: hiervan is niets uitgevoerd",
    ),
    (
        "this was not made by messages of this sender, so no message of this sender changes it",
        "dit is niet door berichten van deze afzender gemaakt, dus die wijzigen het ook niet",
    ),
    (
        "this has ended ({status}): no message changes that, but to say that it was entered in error",
        "dit is afgelopen ({status}): een bericht wijzigt dat niet meer, behalve als het ten onrechte was ingevoerd",
    ),
    (
        "the identifier of this Bundle is that of another message: a Bundle has an identifier of its own",
        "de identifier van deze Bundle is die van een ander bericht: elke Bundle heeft een eigen identifier",
    ),
    (
        "nothing is known of this yet; what is said here is kept, and a request that comes later is older than it",
        "hierover is nog niets bekend; dit is bewaard, en een verzoek dat later komt is ouder dan dit",
    ),
    (
        "this Slot is not known here, so nobody can tell that it is free",
        "deze plaats is hier niet bekend, dus niemand weet of die vrij is",
    ),
    (
        "this Slot is not free (it is {status}): nothing of this was used",
        "deze plaats is niet vrij ({status}): hiervan is niets gebruikt",
    ),
    (
        "what was said of this place is too old: its source must say again that it is free; nothing was used",
        "wat hiervan bekend is, is te oud: de bron moet opnieuw zeggen dat die vrij is; hiervan is niets gebruikt",
    ),
    (
        "the time of this Slot has passed, so it is not offered any more: nothing of this was used",
        "de tijd van deze plaats is voorbij, dus die wordt niet meer aangeboden: hiervan is niets gebruikt",
    ),
    (
        "this request has ended ({how}): no place is held for it",
        "dit verzoek is afgelopen ({how}): er wordt geen plaats voor vastgehouden",
    ),
    (
        "another Appointment holds this Slot: nothing of this was used",
        "deze plaats is al gereserveerd: hiervan is niets gebruikt",
    ),
    (
        "this Slot is held until {until} for a request: whoever holds it may book it, for that request; "
        "nothing of this was used",
        "deze plaats wordt tot {until} vastgehouden voor een verzoek: alleen wie haar vasthoudt mag haar boeken, voor "
        "dat verzoek; hiervan is niets gebruikt",
    ),
    (
        "what this says of a hold is not what is known: a hold is made, extended and ended by operations alone",
        "wat hier over vasthouden staat is niet wat bekend is: vasthouden, verlengen en vrijgeven gaan alleen met "
        "operaties",
    ),
    (
        "this place is held for somebody: what is said here is kept, and holds when the hold has ended",
        "deze plaats wordt voor iemand vastgehouden: wat hier staat is bewaard, en geldt als dat is afgelopen",
    ),
    (
        "this place was held for somebody: that has ended by what is said here, and who held it is told",
        "deze plaats werd voor iemand vastgehouden: dat is hiermee afgelopen, en wie haar vasthield hoort dat",
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
        "something newer is known of part of this: that part is kept as history, and the rest is taken",
        "over een deel hiervan is al iets nieuwers bekend: dat deel is als historie bewaard, de rest is overgenomen",
    ),
    (
        "this bed stays in another state than this message gives it: somebody is known to be in it or to need it, "
        "or what this message says was cancelled",
        "dit bed blijft in een andere toestand dan dit bericht zegt: er ligt iemand in of iemand heeft het nodig, "
        "of wat dit bericht zegt is ingetrokken",
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
    # ---- what the store is asked to change
    ("the condition matches more than one resource", "de voorwaarde past op meer dan één resource"),
    (
        "the resource has another id than the one that the condition finds",
        "de resource heeft een andere id dan die de voorwaarde vindt",
    ),
    (
        "another entry of this transaction is about the same resource",
        "een andere entry van deze transaction gaat over dezelfde resource",
    ),
    ("R4 has no such resource type", "R4 kent dit type resource niet"),
    (
        "the id must be 1 to 64 letters, digits, '-' and '.'",
        "de id heeft 1 tot en met 64 letters, cijfers, '-' en '.'",
    ),
    (
        "a condition without a parameter would match everything",
        "een voorwaarde zonder parameter past op alles",
    ),
    (
        "another entry of this transaction has the same condition",
        "een andere entry van deze transaction heeft dezelfde voorwaarde",
    ),
    (
        "another entry of this transaction has the same fullUrl",
        "een andere entry van deze transaction heeft dezelfde fullUrl",
    ),
    (
        "no entry of this transaction has this fullUrl",
        "geen entry van deze transaction heeft deze fullUrl",
    ),
    (
        "a urn names another entry of a transaction, and this resource came alone: refer to what is here as Type/id",
        "een urn noemt een andere entry van een transaction, en deze resource kwam alleen: noem wat er is als Type/id",
    ),
    (
        "this extension changes what the resource says, and no installed package defines it: nothing of it was used",
        "deze extensie verandert wat de resource zegt, geen geïnstalleerd pakket kent haar: er is niets van gebruikt",
    ),
    (
        "a text holds half a surrogate pair: it is not valid Unicode",
        "in een tekst staat een half teken: dat is geen geldig Unicode",
    ),
    (
        "the condition of this reference matches more than one resource",
        "de voorwaarde van deze verwijzing past op meer dan één resource",
    ),
    (
        "the condition of this reference matches nothing",
        "op de voorwaarde van deze verwijzing past niets",
    ),
    (
        "a {method} to this address needs a resource of its type",
        "{method} naar dit adres heeft een resource van dat type nodig",
    ),
    (
        "the id of the resource is not the id of the address",
        "de id van de resource is niet die van het adres",
    ),
    (
        "a transaction writes with POST to a type, PUT to an id or to a condition, or DELETE of these",
        "een transaction schrijft met POST naar een type, PUT naar een id of voorwaarde, of DELETE daarvan",
    ),
    (
        "nothing matches the condition, yet the id is that of a resource",
        "op de voorwaarde past niets, en toch is de id die van een resource",
    ),
    (
        "If-Match names a version, and there is no such resource",
        "If-Match noemt een versie, en deze resource is er niet",
    ),
    (
        "If-Match names another version than the newest, which is {version}",
        "If-Match noemt een andere versie dan de nieuwste, {version}",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("{kind} (HL7 v{version})", "{kind} (HL7 v{version})"),
    ("a message whose MSH-9 is no message type", "MSH-9 is geen berichttype"),
    ("a message without MSH-9", "MSH-9 ontbreekt"),
    ("a message whose UNH-2 is no message type", "UNH-2 is geen berichttype"),
    ("this JSON array of {count} {count:item|items}", "een JSON-array met {count} {count:item|items}"),
    ("this JSON object with the keys {keys} and {more} more", "een JSON-object met de namen {keys} en nog {more}"),
    ("this JSON object with the keys {keys}", "een JSON-object met de namen {keys}"),
    ("this JSON object of {count} {count:key|keys}", "een JSON-object met {count} {count:naam|namen}"),
    ("{root} without a namespace", "{root} zonder namespace"),
    ("{root} of the namespace {namespace}", "{root} van de namespace {namespace}"),
    ("it names", "die er staat"),
    ("{beds} and {count} more", "{beds} en nog {count}"),
)
