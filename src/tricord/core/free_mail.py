"""Domains that anybody may have an address at: they tell nothing of whose client a person is.

A short list of our own, of the providers that people write from most, kept by brand so that one
line covers every country. A firm adds the domains its clients share in `identity.shared_domains`.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BRANDS = _words("""
    aim aol att bellsouth bigpond bol bluewin btinternet centurylink charter comcast cox daum
    earthlink email fastmail free freenet frontier gmail gmx googlemail hanmail hey hotmail
    hushmail icloud inbox interia internode juno laposte libero live mac mail mailbox me
    mindspring mozmail msn naver netscape netzero ntlworld o2 onet online optonline optusnet
    orange outlook pacbell passmail pm posteo prodigy proton protonmail qq rambler rediffmail
    roadrunner rocketmail rogers sbcglobal seznam sfr shaw sina sky skynet sohu spectrum
    suddenlink swbell sympatico t-online talktalk tele2 telenet telia telus terra tiscali tuta
    tutamail tutanota uol verizon virgilio virginmedia wanadoo web windowslive wp xtra yahoo
    yandex yeah ymail zoho zonnet
""")
_WHOLE = _words("""
    126.com 139.com 163.com 189.cn abv.bg alice.it arcor.de bk.ru centrum.cz docomo.ne.jp
    duck.com ezweb.ne.jp fastmail.fm home.nl iafrica.com ig.com.br iinet.net.au kpnmail.nl
    list.ru mail.ru mailinator.com mweb.co.za nate.com nifty.com pec.it
    privaterelay.appleid.com simplelogin.com softbank.ne.jp telkomsa.net ukr.net walla.co.il
    yopmail.com ziggo.nl
""")
_ENDINGS = _words("""
    ae ar at au be bg bo br ca ch cl cn co com cz de dk ec ee es eu fi fr gr hk hr hu id ie il
    in is it jp kr lt lu lv mx my net ng nl no nz org pe ph pl pt ro rs ru se sg si sk th tr
    tw ua uk us ve vn za fm me li
""")
_SECOND = _words("""
    ac co com edu gov ne net or org
""")


def is_free_mail(domain: str) -> bool:
    """Whether anybody may have an address at this domain, written in small letters."""
    if domain in _WHOLE:
        return True
    brand, *rest = domain.split(".")
    if brand not in _BRANDS or not 1 <= len(rest) <= 2:
        return False
    return rest[-1] in _ENDINGS and (len(rest) == 1 or rest[0] in _SECOND)
