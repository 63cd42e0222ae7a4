"""HTTP alone, under any WSGI server: `gunicorn wsgi:app`. `gateway serve` starts the rest too."""

import os

from gateway.app import create_app
from gateway.services import build
from gateway.settings import Settings

app = create_app(build(Settings.from_env(os.environ)))
