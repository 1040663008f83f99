"""`flask --app wsgi …` and every WSGI server start here."""

from api.app import create_app

app = create_app()
