"""Making the film: what it is copied together from, whatever of that needs an encoder, and the copy."""

from constructs import Construct

from infra.library import Library
from infra.make_clips import MakeClips
from infra.runtime import Runtime


class MakeFilm(Construct):
    def __init__(self, scope: Construct, id: str, *, runtime: Runtime, library: Library, clips: MakeClips) -> None:
        super().__init__(scope, id)
        self.arrange = runtime.function(self, "arrange", does="Lists the pieces of the film.", seconds=60)
        self.make_piece = runtime.function(
            self,
            "make_piece",
            does="Encodes one piece.",
            seconds=900,
            # Lambda gives CPU by memory, and this is as much as a new account may ask for.
            memory=3008,
            tmp=2048,
            ffmpeg=True,
            fonts=True,
        )
        self.assemble = runtime.function(
            self,
            "assemble",
            does="Copies the pieces into the film and proves it.",
            seconds=900,
            memory=3008,
            tmp=10240,
            ffmpeg=True,
            tracks=True,
        )

        library.lend_rows(self.arrange, self.make_piece, self.assemble)
        clips.introduce(self.arrange)
        library.lend_media(self.make_piece, self.assemble)
