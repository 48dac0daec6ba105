"""The application: the door, the problems, the routes."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.api.ads import PAGES
from functions.api.bodies import json_object
from functions.api.dialects import words
from functions.api.door import guarded
from functions.api.envelope import ROOT
from functions.api.openapi import describe
from functions.api.problems import answer_errors
from functions.api.routes import (
    ads,
    assets,
    balances,
    campaigns,
    clients,
    films,
    jobs,
    models,
    reruns,
    scenarios,
    scenes,
    scripts,
    seed_002,
    service,
    styles,
    video,
    videos,
)

app = APIGatewayHttpResolver(json_body_deserializer=json_object)
guarded(app)
answer_errors(app)
describe(app)
RESOURCES = (
    clients,
    campaigns,
    assets,
    scenarios,
    scenes,
    models,
    scripts,
    styles,
    jobs,
    reruns,
    films,
    videos,
    ads,
    balances,
    service,
)
for resource in RESOURCES:
    app.include_router(resource.router, prefix=ROOT)
app.include_router(video.router, prefix=words.ROOT)
app.include_router(seed_002.router, prefix="/api")
app.include_router(ads.pages, prefix=PAGES)
