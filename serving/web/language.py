"""Which language a reader gets, and how she changes it.

`?lang=` goes first and is kept in a cookie, then comes the cookie, then what the browser asks for.
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from serving.texts import Texts, languages, texts_of, wanted_language
from serving.web.views import LanguageLink

PARAMETER = "lang"
COOKIE = "regulars_language"
COOKIE_SECONDS = 365 * 24 * 3600


def chosen_texts(request: Request) -> Texts:
    """The texts in the reader's language."""
    choice = _asked(request) or _kept(request)
    return texts_of(choice or wanted_language(_accepted(request), languages()))


def language_links(request: Request) -> tuple[LanguageLink, ...]:
    """The address of the page in every language, under the name that its readers know."""
    current = chosen_texts(request).language
    rest = [one for one in request.query_params.multi_items() if one[0] != PARAMETER]
    return tuple(
        LanguageLink(
            language=language,
            name=_own_name(language),
            href="?" + urlencode([*rest, (PARAMETER, language)]),
            chosen=language == current,
        )
        for language in languages()
    )


def in_language(request: Request, response: Response, texts: Texts) -> Response:
    """The response marked with its language; a choice by address is remembered."""
    response.headers["Content-Language"] = texts.language
    if _asked(request):
        response.set_cookie(
            COOKIE,
            texts.language,
            max_age=COOKIE_SECONDS,
            path=request.scope.get("root_path", "").rstrip("/") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return response


def _asked(request: Request) -> str | None:
    return _known(request.query_params.get(PARAMETER))


def _kept(request: Request) -> str | None:
    return _known(request.cookies.get(COOKIE))


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


def _known(language: str | None) -> str | None:
    """The language if it is one of ours: `cs`, also asked for as `cs-CZ` or `cs_CZ`."""
    primary = (language or "").lower().replace("_", "-").partition("-")[0]
    return primary if primary in languages() else None


def _own_name(language: str) -> str:
    name = texts_of(language).locale.display_name or language
    return name[:1].upper() + name[1:]
