"""How the API is documented: refusals, examples of answers, commands to try."""

from typing import Any

from lookmore.serve.answers import Problem

Responses = dict[int | str, dict[str, Any]]
"""By status, as FastAPI wants them."""

PNG: Responses = {
    200: {
        "content": {"image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}}},
        "description": "A small PNG.",
    }
}

_SEEN: dict[str, Any] = {"sides": [16, 112], "recognisability": [0.71, 0.97]}
_RULE: dict[str, Any] = {
    "threshold": 0.46, "far": 0.001, "tar": 0.91, "probe_side": 16, "degradation": "bicubic",
}  # fmt: skip
_ANN: dict[str, Any] = {"person": "Ann", "similarity": 0.74, "accepted": True, "picture": "5fe1c2"}
_BOB: dict[str, Any] = {"person": "Bob", "similarity": 0.21, "accepted": False, "picture": None}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "embed": {"embeddings": [[0.6, -0.8], [0.0, 1.0]], **_SEEN},
    "search": {
        "side": 16, "own_side": 112, "matches": [_ANN, _BOB], "rule": _RULE, "no_decision": None,
        "people": 2,
        "recognisability": 0.71, "teacher": None, "teacher_absent": None, "probe": None,
    },
    "compare": {
        "similarity": 0.74, "same": True, "rule": _RULE, **_SEEN,
        "reason": "0.740 >= 0.460: the same, at a false accept rate of 0.001, calibrated for 16 px "
        "probes (bicubic) against an image as small; this one has 16 px",
    },
    "enrol": {"name": "Ann", "added": 2, "sides": [112, 96], "people": 41},
}  # fmt: skip


def shown(name: str) -> Responses:
    """Return the documentation of an answer, with its example."""
    status = 201 if name == "enrol" else 200
    return {status: {"content": {"application/json": {"example": _EXAMPLES[name]}}}}


def typed(command: str) -> dict[str, Any]:
    """Return a command to try, for the reference."""
    return {"x-codeSamples": [{"lang": "bash", "source": command}]}


def problems(**texts: str) -> Responses:
    """Return the documentation of refusals: ``s413="..."`` for 413."""
    return {
        int(status[1:]): {"model": Problem, "description": text} for status, text in texts.items()
    }


TURNED_AWAY = problems(
    s401="The API key is missing or wrong.",
    s403="The request comes from another site's page.",
    s421="The server does not answer to this host name.",
)
TOO_MUCH = problems(
    s400="The body is not a form.",
    s408="The body did not arrive in time.",
    s413="The body is too large.",
    s422="A field is missing or out of range, or an image cannot be read.",
    s503="Too much is waiting, or the server stops; `Retry-After` says when to come back.",
)
NO_GALLERY = problems(s409="The server has no gallery, or nobody can be enrolled in it.")


TEXT: Responses = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}}},
        "description": "Prometheus' text format.",
    }
}
