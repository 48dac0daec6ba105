"""What must hold, as the issue puts it, and where that is asked. Written into docs/faults.md."""

from __future__ import annotations

HELD = [
    (
        "At most one live paid prediction an attempt, and a clip",
        ["verdict.Verdict._attempt", "verdict.Verdict._tries"],
        "at the end, of every create that arrived and every prediction as it really was",
    ),
    (
        "Every paid, finished output is kept, or recorded as an orphan with its amount",
        [
            "verdict.Verdict._attempt",
            "verdict.Verdict._owed",
            "verdict.Verdict._lost_unseen",
            "verdict.Verdict._money",
            "invariants.acknowledged",
        ],
        "at the end, line by line against the provider; a webhook that was taken, at that moment",
    ),
    (
        "Reserved, settled and lost are never over a budget: the tenant's, the campaign's, the job's own",
        ["invariants.Watch._counter", "invariants._budget_of_a_job"],
        "at every write that raises one",
    ),
    (
        "Counters say what the jobs say, and a run's lines never come to more than is set aside for it",
        ["invariants.Watch._adds_up", "invariants.Watch._covered"],
        "whenever something was committed that moves money",
    ),
    (
        "After the end nothing is reserved, and what is settled is the job's `actualCost`, and its clips'",
        ["invariants.Watch._covered", "verdict.Verdict._money"],
        "at the write that ends a run, and at the end",
    ),
    (
        "Every run ends within its bound, and so does every execution; nothing waits without need",
        ["verdict.Verdict._run", "verdict.Verdict._left_waiting", "history.History._judged"],
        "at the end, in virtual time",
    ),
    (
        "Terminal states never change within a run; money moves once; a video is not lost to a further run",
        [
            "invariants.Watch._job",
            "invariants._clip",
            "invariants._attempt",
            "invariants._line",
            "invariants.Watch._ended",
        ],
        "at every write",
    ),
    (
        "A film called completed is of the pieces that were made, of the clips that were wanted",
        ["films.film_faults", "surroundings.make_film"],
        "when it is joined, and at the end",
    ),
    (
        "No row, object or event of one tenant is ever seen by another",
        ["house.House._touched", "house.House._reached", "verdict.Verdict._told"],
        "at every request; every event at the end",
    ),
    (
        "One key is one job and one execution, or one further run; another request with it is refused",
        ["history.History._judged", "history.History._further_runs", "people.People._misuse"],
        "at the end; what somebody was told, at once",
    ),
    (
        "What is cancelled ends so, begins nothing two seconds later, and leaves nothing running",
        [
            "history.History._judged",
            "verdict.Verdict._sent_after",
            "verdict.Verdict._goes_on",
            "invariants.Watch._ended",
        ],
        "at the end; its execution when it ends",
    ),
    (
        "Who hears of a prediction that nobody wants any more notes it and stops it; nobody waits for a run that is stopped",
        ["senders.sender_faults", "senders._overtaken", "senders._left_waiting"],
        "at the end, of every create whose sender lived to hear of it",
    ),
    (
        "A shot is shown by its first variant that was kept; a filled film lasts as long as was asked; variants are told as kept",
        ["films._made", "films._compared"],
        "at the end",
    ),
    (
        "A model that rests is not chosen, and one that has rested by one job; what was made is counted",
        ["choices.choice_faults", "choices.count_faults"],
        "at the end, of histories that begin with a model that has failed or was slow",
    ),
    (
        "What is set aside for a job when it is accepted is what its clips may come to",
        ["invariants.Watch._job"],
        "when it is accepted",
    ),
    (
        "A film that goes on from a clip begins with that clip's last frame, and never with another tenant's",
        ["choices.picture_faults", "house.House._reached"],
        "at the end; whenever a picture is handed out",
    ),
    (
        "A scene's picture is paid for once, unless somebody asks for another; one that waits is there until there is another",
        ["stages.Stages.line", "stages.Stages.run_ends"],
        "when a line of its stage is put, and whenever a run ends",
    ),
    (
        "A scene's video begins with its picture, which is kept, and approved where its caller wanted to look at it",
        ["stages.Stages.video_is_asked", "pictures.stage_faults"],
        "when its attempt is put; at the end, of what its provider was asked",
    ),
    (
        "Of a job that waits no execution runs on, no clip is open, and nothing is reserved; what was approved goes on",
        ["stages.Stages.paused", "invariants.Watch._covered", "pictures.word_faults"],
        "at the write that pauses it; at the end, of every word that was taken",
    ),
    (
        "Every wait ends: by a word, by cancelling, or when its time is over",
        ["verdict.Verdict._end", "history.History._further_runs"],
        "at the end",
    ),
    (
        "Credits are taken for what is kept, by stage, and for nothing else; never more than there are; their history says so",
        ["stages.Stages.balance", "stages.Stages.add_up", "pictures.stage_faults"],
        "at every write that moves them, and at the end",
    ),
    (
        "A service is asked for what a film says where a line pays for it, once at a time, and never for what is answered",
        ["services.Services.ask"],
        "whenever one is asked",
    ),
    (
        "A service's answer is kept, then settled at its price; whatever was paid is settled or lost, and was set aside",
        ["services.Services.answered_first", "narrations.narration_faults", "invariants.Watch._covered"],
        "when it is settled, at every write that moves money, and at the end",
    ),
    (
        "A narration is given up for a refusal, or after as many tries as the house says; a later run asks again",
        ["narrations.narration_faults"],
        "at the end",
    ),
    (
        "A film says what its narration says, whole and at its time",
        ["surroundings.make_film"],
        "when it is made of its pieces",
    ),
]
"""The invariant, its checks below `simulation`, and when they are made."""
