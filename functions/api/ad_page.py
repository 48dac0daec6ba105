"""The page of an ad, for everybody: text that cannot become markup, one film, one picture, and nothing that runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response

from functions.studio.ads import Ad
from functions.studio.jobs import Film
from functions.studio.listings import categories, priced

HTML = "text/html; charset=utf-8"

STYLE = """
body { margin: 0; font: 1.05rem/1.5 system-ui, sans-serif; color: #1c1c1e; background: #f4f4f6 }
main { max-width: 44rem; margin: 0 auto; padding: 1rem }
video { display: block; width: 100%; max-height: 80vh; background: #000; border-radius: .5rem }
h1 { margin: 1rem 0 .25rem }
.price { font-size: 1.4rem; font-weight: 600 }
.category { color: #6b6b70 }
p { white-space: pre-line; overflow-wrap: anywhere }
"""

NOT_FOUND = "<!doctype html><html lang=en><meta charset=utf-8><title>Not found</title><p>There is nothing here.</p>"

ALWAYS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def not_found() -> Response[str]:
    """The same for an ad that is not shown as for none at all."""
    return Response(404, HTML, NOT_FOUND, {**ALWAYS, "Content-Security-Policy": "default-src 'none'"})


def page(ad: Ad, film: Film, language: str, signed: Callable[[str], str]) -> Response[str]:
    """With links that are good for an hour, and made anew at each view. `language` is the film's, a tag."""
    video, poster = signed(film.key), signed(film.poster_key)
    html = _html(ad, film, language, video, poster)
    return Response(200, HTML, html, {**ALWAYS, "Content-Security-Policy": _policy(video, poster)})


def _policy(video: str, poster: str) -> str:
    """Nothing but the film and its poster from where they lie, and our own style."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            f"media-src {_origin(video)}",
            f"img-src {_origin(poster)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _html(ad: Ad, film: Film, language: str, video: str, poster: str) -> str:
    category = categories().find(ad.category)
    price = "" if ad.price is None else f'<div class="price">{escape(priced(ad.price, ad.currency))}</div>'
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(ad.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<video controls playsinline preload="metadata" width="{film.width}" height="{film.height}" poster="{escape(poster)}" src="{escape(video)}"></video>
<h1 dir="auto">{escape(ad.title)}</h1>
{price}
<div class="category">{escape(category.title if category else ad.category)}</div>
<p dir="auto">{escape(ad.description)}</p>
</main>
</body>
</html>
"""
