"""What is said in the film, as files beside it."""

from __future__ import annotations

from collections.abc import Sequence

from functions.studio.caption_lines import grouped
from functions.studio.captions import CaptionStyle
from functions.studio.jobs import Film, Job, Subtitles
from functions.studio.media import Piece, Target
from functions.studio.media_store import MediaStore, film_key
from functions.studio.narration import Narration
from functions.studio.subtitles import srt, vtt


def put_subtitles(job: Job, pieces: Sequence[Piece], film: Film, media: MediaStore) -> Film:
    """With subtitles, where it says something and it is known when."""
    begins = next((piece.narration_at for piece in pieces if piece.narration_at is not None), None)
    if job.narration is None or begins is None:
        return film
    narration = Narration.model_validate_json(media.read(job.narration.key))
    style = (job.listing and job.listing.captions) or CaptionStyle()
    target = Target(width=film.width, height=film.height, fps=round(film.fps))
    lines = grouped(narration.words, style, narration.language, target)
    lines = [line.later(begins / film.fps) for line in lines]
    if not lines:
        return film
    made = Subtitles(
        srt_key=film_key(job.tenant, job.id, job.run, "captions.srt"),
        vtt_key=film_key(job.tenant, job.id, job.run, "captions.vtt"),
        language=narration.language,
    )
    media.put(made.srt_key, srt(lines, narration.language).encode(), "application/x-subrip")
    media.put(made.vtt_key, vtt(lines, narration.language).encode(), "text/vtt")
    return film.model_copy(update={"subtitles": made})
