"""Faults of films of scenes: of their two stages, of the pause between them, of credits, and of a provider that is only asked."""

from __future__ import annotations

from simulation.planted.fault import (
    APPROVAL,
    CLOSING,
    COPYING,
    JOB_STORE,
    KEEP,
    LEDGER,
    NEXT_RUN,
    PAUSES,
    RUNWAY,
    Fault,
)

FAULTS = [
    # two stages
    Fault(
        "picture-painted-again",
        "A retry makes another picture of a clip that has one",
        NEXT_RUN,
        '    return stages[stages.index("image") + 1] if clip.picture else stages[0]\n',
        "    return stages[0]\n",
    ),
    Fault(
        "picture-lost-to-another",
        "A picture that waits is gone once another one was asked for, whatever comes of that",
        NEXT_RUN,
        "    return clip if clip.video or waits else clip.former\n",
        "    return clip if clip.video else clip.former\n",
    ),
    Fault(
        "begins-with-the-former",
        "The video begins with the picture that another one was put in place of",
        JOB_STORE,
        '        return update(_pk(job_id), _clip_sk(clip.number), {**begins_with(picture), "updatedAt": now()}, when)\n',
        '        words = {"picture": picture.attributes(), "updatedAt": now()}\n'
        "        return update(_pk(job_id), _clip_sk(clip.number), words, when)\n",
    ),
    # the pause
    Fault(
        "nobody-looked",
        "A video follows its picture although its caller wanted to look at that first",
        KEEP,
        "        if job.stopping or task.stage == job.pause_after:\n            return None\n",
        "        if job.stopping:\n            return None\n",
    ),
    Fault(
        "one-word-for-all",
        "Whoever approves one picture has approved all that wait",
        APPROVAL,
        "        approved = [one for one in there if one in said]\n",
        "        approved = [one for one in there if said]\n",
    ),
    Fault(
        "word-overwritten",
        "Of two words at one moment the one is forgotten",
        JOB_STORE,
        '        when = {"run": job.run, "status": JobStatus.AWAITING_APPROVAL.value, "pause": job.pause.attributes()}\n',
        '        when = {"run": job.run, "status": JobStatus.AWAITING_APPROVAL.value}\n',
    ),
    Fault(
        "begun-without-a-word",
        "The approved run begins without a picture that was approved a moment ago",
        JOB_STORE,
        '        when |= {"pause": job.pause.attributes()} if job.pause else {}\n',
        "",
    ),
    Fault(
        "waits-for-ever",
        "Nobody finds a job that waits for its caller",
        JOB_STORE,
        '"unfinished": WAITING}',
        '"unfinished": None}',
    ),
    Fault(
        "silence-is-approval",
        "When the time is over everything goes on, approved or not",
        PAUSES,
        "clips=job.pause.approved if job.pause else [])",
        'clips=[one.number for one in clips if one.status.value == "awaiting_approval"])',
    ),
    Fault(
        "cancelled-and-booked-again",
        "Who cancels a job that waits has its pictures booked a second time",
        CLOSING,
        "    told = job.pause is not None and job.pause.run == run\n",
        "    told = False\n",
    ),
    # credits
    Fault(
        "video-for-nothing",
        "The line of the second stage forgets its credits",
        KEEP,
        "            line = reservation(going_on, amount=amount, credits=job.credits_of(following.stage))\n",
        "            line = reservation(going_on, amount=amount)\n",
    ),
    Fault(
        "lost-takes-credits",
        "What is lost takes credits, too",
        LEDGER,
        "        return self.credits if self.state is LineState.SETTLED else 0\n",
        "        return self.credits if self.state in (LineState.SETTLED, LineState.LOST) else 0\n",
    ),
    Fault(
        "paused-and-held",
        "A pause leaves its credits reserved",
        CLOSING,
        "            *taken(job, credits_taken(of_run)),\n",
        "            *([] if status is JobStatus.AWAITING_APPROVAL else taken(job, credits_taken(of_run))),\n",
    ),
    Fault(
        "taken-and-not-told",
        "The history of credits does not have what was taken",
        "functions/studio/balances.py",
        "    if credits:\n",
        "    if False:\n",
    ),
    Fault(
        "credits-unconditional",
        "The balance is looked at, and counted without a condition",
        "functions/studio/budgets.py",
        "                ours.append(balance.reserve(Decimal(credits)))\n",
        "                amount = Decimal(credits)\n"
        '                ours.append(update(*balance.key, {}, add={"reserved": amount, "used": amount}))\n',
    ),
    # a provider that is only asked
    Fault(
        "expired-is-gone",
        "An address that has expired is not asked for anew",
        COPYING,
        "        return None if answer is None or answer.removed else answer.output_url\n",
        "        return None\n",
    ),
    Fault(
        "free-is-charged",
        "What Runway reports as free counts as paid",
        RUNWAY,
        "        charged=took is None or took > 0,\n",
        "        charged=True,\n",
    ),
    Fault(
        "unlisted-at-runway-is-not-begun",
        "A create that Runway did not answer counts as never begun",
        RUNWAY,
        "        raise ProviderUnknown(\n"
        '            "Runway lists no tasks and calls nobody back: nobody can tell whether it accepted this one"\n'
        "        )\n",
        "        return None\n",
    ),
]
