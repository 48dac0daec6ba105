"""Faults of prompted films, their variants and their choice of a model; and of a provider that lists nothing."""

from __future__ import annotations

from simulation.planted.fault import FIRST_PICTURE, KEEP, PIAPI, PROMPTED, RECORDING, Fault

FAULTS = [
    # variants, and films of several clips
    Fault(
        "first-variant-or-none",
        "A shot whose first variant is lost is left out, whatever became of the others",
        "functions/studio/shots.py",
        "key=lambda clip: (lost(clip), clip.number)) for variants",
        "key=lambda clip: clip.number) for variants",
    ),
    Fault(
        "filled-to-the-brim",
        "The last clip of a film that is filled is shown to its end",
        PROMPTED,
        "            ends_at=film.ends_at if shot == shots else None,\n",
        "",
    ),
    Fault(
        "variants-are-free",
        "What is reserved when a job is accepted is for one variant of each shot",
        PROMPTED,
        "        cost = _cost(variants, fallbacks, cut)\n",
        "        cost = _cost(films, fallbacks, cut)\n",
    ),
    Fault(
        "piece-unpadded",
        "A piece's row is named by its number as it is, so that the tenth comes before the second",
        "functions/studio/film_rows.py",
        '    return f"PIECE#{run:04d}#{number:04d}"\n',
        '    return f"PIECE#{run:04d}#{number}"\n',
    ),
    Fault(
        "goes-on-from-a-thumbnail",
        "A film goes on from a picture out of the middle of the clip before",
        FIRST_PICTURE,
        "        return FirstPicture(kept.last_frame_key, kept",
        "        return FirstPicture(kept.thumbnail_key or kept.last_frame_key, kept",
    ),
    Fault(
        "goes-on-from-anybody",
        "A film may go on from another tenant's clip",
        FIRST_PICTURE,
        "            job = own_job(self.jobs, tenant, wish.job_id)\n",
        "            job = self.jobs.job(wish.job_id)\n",
    ),
    # the choice of a model
    Fault(
        "resting-and-chosen",
        "A model that rests is chosen all the same",
        "functions/api/standing.py",
        'for one in known if one.breaker.state == "open"}',
        "for one in known if False}",
    ),
    Fault(
        "rests-never",
        "A model that fails again and again is never let rest",
        "functions/studio/health.py",
        "FEWEST = 5\n",
        "FEWEST = 5000\n",
    ),
    Fault(
        "tried-by-everybody",
        "Whoever asks tries the model that has rested, and not one job alone",
        "functions/studio/pulse.py",
        '{"expiresAt": int(now) + KEPT_FOR}, {"pk": None}))',
        '{"expiresAt": int(now) + KEPT_FOR}))',
    ),
    Fault(
        "fast-by-the-catalogue",
        "The fastest model is chosen by what the catalogue says, not by how long it takes of late",
        "functions/studio/choice.py",
        "        return self.seconds.get(model.name, float(model.typical_seconds))\n",
        "        return float(model.typical_seconds)\n",
    ),
    Fault(
        "best-by-the-catalogue",
        "The best model is chosen whatever share of its clips fails",
        "functions/studio/choice.py",
        "        return model.quality * (1 - self.failing.get(model.name, 0.0))\n",
        "        return float(model.quality)\n",
    ),
    Fault(
        "never-counted",
        "What a model has made is not counted",
        KEEP,
        "        count_made(Pulse(self.jobs.table), attempt, made_with(clip, attempt.stage)[1])\n",
        "",
    ),
    # a provider that lists nothing, and whose webhooks prove little
    Fault(
        "webhook-not-read-again",
        "A webhook of PiAPI is believed, and its task not read again",
        PIAPI,
        "        try:\n            return self.look(task_id)\n        except ProviderRefused as refused:\n",
        '        try:\n            return _parsed(_Task.model_validate(__import__("json").loads(body)["data"]))\n'
        "        except ProviderRefused as refused:\n",
    ),
    Fault(
        "unlisted-is-not-begun",
        "What PiAPI does not list counts as never begun",
        PIAPI,
        '        raise ProviderUnknown("PiAPI lists no tasks: its webhook alone can tell whether it accepted this one")\n',
        "        return None\n",
    ),
    Fault(
        "known-by-its-words",
        "A prediction belongs to whoever has asked for the same, wherever it reports to",
        RECORDING,
        "    if prediction.webhook:\n        return prediction.webhook.endswith(_query(job_id, attempt.id))\n",
        "",
    ),
]
