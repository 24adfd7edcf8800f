"""`/v1/measurements`: what `evaluate` and `tune` found, kept; `/v1/tuning`: the limits that searches go by now."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.operations import SVG, Operation, Parameter, answer, describe
from api.services import services
from vision.errors import BadQuery
from vision.evaluation.measurements import Measurement, Summary
from vision.tuning.state import TuningForm, state

blueprint = Blueprint("measurements", __name__, url_prefix="/v1")

KINDS: Final = ("evaluate", "tune")
THEMES: Final = ("light", "dark")
_FILTERS: Final = (
    Parameter("kind", "Only those of this command.", {"type": "string", "enum": list(KINDS)}),
    Parameter("collection", "Only those of this collection."),
)
_CHART: Final = (
    Parameter("of", "Which of its charts; the first if left out."),
    Parameter("theme", "Colors.", {"type": "string", "enum": list(THEMES), "default": THEMES[0]}),
)


class MeasurementsForm(msgspec.Struct, frozen=True):
    """What is kept, newest first."""

    measurements: list[Summary]


@blueprint.get("/measurements")
@requires(Role.ENGINEER)
@describe(
    Operation(
        "What `evaluate` and `tune` found, newest first", answer=MeasurementsForm, parameters=_FILTERS, problems=(400,)
    )
)
def listed() -> Response:
    """Answer summaries."""
    kind = _one_of("kind", request.args.get("kind"), KINDS)
    found = services().workspace.measurements().summaries(kind, request.args.get("collection"))
    return answer(MeasurementsForm(found))


@blueprint.get("/measurements/<measurement_id>")
@requires(Role.ENGINEER)
@describe(Operation("One, with everything that was measured", answer=Measurement, problems=(404,)))
def one(measurement_id: str) -> Response:
    """Answer a whole measurement."""
    return answer(services().workspace.measurements().read(measurement_id))


@blueprint.get("/measurements/<measurement_id>/chart.svg")
@requires(Role.ENGINEER)
@describe(Operation("A chart of it, as the report has it", media=SVG, parameters=_CHART, problems=(400, 404)))
def chart(measurement_id: str) -> Response:
    """Answer a picture without style or script, in colors of its own."""
    dark = _one_of("theme", request.args.get("theme"), THEMES) == "dark"
    drawn = services().workspace.measurements().read(measurement_id).drawn
    name = _one_of("of", request.args.get("of"), tuple(drawn)) or next(iter(drawn))
    return Response(drawn[name].image(dark=dark), content_type=f"{SVG}; charset=utf-8")


@blueprint.get("/tuning")
@requires(Role.ENGINEER)
@describe(
    Operation("The limits that searches go by, and where each comes from", answer=TuningForm, problems=(404, 503))
)
def tuning() -> Response:
    """Answer what is in force now."""
    return answer(state(services().engine))


def _one_of(name: str, value: str | None, accepted: tuple[str, ...]) -> str | None:
    if value is not None and value not in accepted:
        raise BadQuery(f"{name} is {value[:40]!r}; accepted: {', '.join(accepted)}", name)
    return value
