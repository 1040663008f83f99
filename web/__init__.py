"""Pages for people: plain forms over the same verbs and schemas as the API. They work without any script."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

from web import context, errors, formats, languages, look, routes, words


def register(app: Flask) -> None:
    """Give `app` its pages, their languages, their look and their content security policy."""
    languages.take_catalogues()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(languages.TRANSLATIONS)
    Babel(app, default_locale=languages.CHINESE, locale_selector=languages.chosen_language)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.filters["field_error"] = errors.field_error
    app.jinja_env.globals.update(words.WORDS)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600  # Addresses in static/ change with the content.
    # Tokens live as long as the session: a poster page may lie open in a pocket for hours.
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    context.csrf.init_app(app)
    app.extensions["render_reason"] = errors.render_reason
    app.register_blueprint(routes.web)
    app.context_processor(context.page)
    app.after_request(look.secure)
