"""Nicknames: the short forms by which people sign, and the name each is usually short for."""

_SHORT_FOR = {
    "alexander": "alex sandy xander", "alexandra": "lexi sandra sasha", "andrew": "andy drew",
    "anthony": "tony", "barbara": "barb barbie", "benjamin": "ben benny", "catherine": "cathy cate",
    "charles": "charlie chuck chas", "christina": "tina chrissy", "christopher": "chris kit topher",
    "daniel": "dan danny", "david": "dave davey", "deborah": "deb debbie", "donald": "don donnie",
    "dorothy": "dot dottie", "douglas": "doug", "edward": "ed eddie ned ted",
    "elizabeth": "liz beth betty eliza lizzie libby bess", "eugene": "gene", "francis": "frank",
    "frederick": "fred freddie", "gabriel": "gabe", "gerald": "gerry", "gregory": "greg",
    "gwendolyn": "gwen", "harold": "harry hal", "henry": "hank", "isabella": "bella izzy",
    "jacob": "jake", "james": "jim jimmy jamie", "jeffrey": "jeff", "jennifer": "jen jenny",
    "jessica": "jess jessie", "john": "johnny jack", "jonathan": "jon jonny", "joseph": "joe joey",
    "joshua": "josh", "katherine": "kate kathy katie kat", "kenneth": "ken kenny",
    "kimberly": "kim", "lawrence": "larry", "leonard": "len lenny", "margaret": "maggie meg peggy",
    "matthew": "matt", "maximilian": "max", "michael": "mike mick mickey", "nathaniel": "nat nate",
    "nicholas": "nick nicky", "pamela": "pam", "patricia": "pat patty trish", "patrick": "paddy",
    "peter": "pete", "philip": "phil", "rebecca": "becca becky", "richard": "dick rich rick ricky",
    "robert": "bob bobby rob robbie", "ronald": "ron ronnie", "samuel": "sam sammy",
    "sebastian": "seb bastian", "stephanie": "steph", "steven": "steve", "stephen": "steph",
    "susan": "sue susie", "theodore": "theo teddy", "theresa": "terry tess", "thomas": "tom tommy",
    "timothy": "tim timmy", "valerie": "val", "victoria": "vicky tori", "vincent": "vince vinny",
    "walter": "walt", "william": "bill billy will liam willy", "zachary": "zach zack",
}  # fmt: skip

NICKNAMES = {short: name for name, shorts in _SHORT_FOR.items() for short in shorts.split()}
"""From the short form to the full one; one short for several counts as the last of them."""
