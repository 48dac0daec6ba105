"""Every error that Reelay raises on purpose.

    ReelayError
    ├── RequestError            the caller can mend it; carries an HTTP status
    │   ├── InvalidRequest      422, names the fields
    │   ├── Unauthenticated     401
    │   ├── NotOfTier           403, says what the tier has
    │   ├── NotYours            403, names who the caller is not
    │   ├── NotOperator         403: a call for keys of the operator alone
    │   ├── OverBudget          402, says what is left and what was needed
    │   ├── ShortOfCredits      402, the same of credits
    │   ├── NotFound            404
    │   ├── MethodNotAllowed    405, names those that there are
    │   ├── Conflict            409
    │   │   └── InFlight        the first request with this Idempotency-Key is not answered yet
    │   ├── TooLarge            413
    │   ├── UnsupportedMedia    415
    │   ├── Unavailable         503: a service that was needed at once does not answer
    │   └── Unexpected          500: ours alone, and the log has it
    ├── WebhookRejected         a callback that proves nothing: 401
    ├── UnknownAttempt          a callback for an attempt that is not (yet) there: 404, so that it is sent again
    ├── ProviderError           a provider's answer, in our words
    │   ├── ProviderBusy        later; burns no attempt
    │   ├── ProviderRefused     never again with this input
    │   │   └── ModelGone       never again with this model
    │   ├── ProviderFailed      perhaps again
    │   └── ProviderUnknown     nobody knows whether it was accepted: reconcile first
    ├── SelectionUnusable       the vision model's answer breaks the rules of a selection
    ├── NarrationFailed         a film's script, voice or captions that cannot be had: the message says why
    ├── NotConfigured           a key or a tool of this deployment is missing
    ├── KeyUnreachable          a key that cannot be read just now
    ├── MediaError
    │   ├── BrokenMedia         a file that does not prove to be what it claims
    │   │   └── LimitExceeded   or that takes more time or memory to find out than there is
    │   ├── PieceUnfit          a film has to be cut again, without a clip (or a join) that a row names
    │   ├── FilmTooLarge        more than can be put together in one place
    │   ├── OutputExpired       a provider's output that is gone for good
    │   └── OutputUnreachable   a provider's output that cannot be fetched just now
    ├── OutsideError            an address that a user gave
    │   ├── AddressRefused      is none of a public https server: nothing was sent there
    │   ├── AddressUnreachable  and nothing of use came from there
    │   └── AnswerTooLarge      and more came than is read
    ├── NoClipSurvived          too few clips of the job are left for what its caller wants: perhaps none
    ├── ConditionLost           a conditional write found that it was already done, or overtaken
    └── StaleRun                a run that no longer owns its job

The class names are the `ErrorEquals` of workflow.asl.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


class ReelayError(Exception):
    """The root; `str()` is fit for the job's `errorMessage`."""


@dataclass(frozen=True)
class FieldError:
    """One field at fault: `field` as a dotted path in the caller's own words, `detail` what would do instead."""

    field: str
    detail: str


class RequestError(ReelayError):
    """`status` is HTTP's, here and wherever an error has one: this file is where they are decided."""

    status = 400
    code = "bad_request"
    title = "Bad request"

    def __init__(self, detail: str, *, hint: str | None = None, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.errors = errors


class InvalidRequest(RequestError):
    status = 422
    code = "invalid_request"
    title = "The request cannot be carried out as it stands"


class Unauthenticated(RequestError):
    status = 401
    code = "unauthenticated"
    title = "No valid API key"


class NotOfTier(RequestError):
    status = 403
    code = "not_of_tier"
    title = "The tenant's tier does not have it"


class NotYours(RequestError):
    status = 403
    code = "not_yours"
    title = "In the name of somebody else"


class NotOperator(RequestError):
    status = 403
    code = "not_operator"
    title = "Only the operator may do this"


class OverBudget(RequestError):
    """`of` says whose budget it is: the tenant's, the campaign's or the job's own. USD."""

    status = 402
    code = "over_budget"
    title = "The budget does not allow it"

    def __init__(
        self, of: Literal["tenant", "campaign", "job"], field: str, cap: Decimal, left: Decimal, needed: Decimal
    ) -> None:
        there = f"{dollars(left)} left of {dollars(cap)}"
        detail = f"The {of}'s budget has {there}, and {dollars(needed)} would be needed."
        hint = (
            "Ask for fewer or shorter clips or for a cheaper model, wait for running jobs to end, or raise the budget."
        )
        super().__init__(detail, hint=hint, errors=(FieldError(field, f"has {there}"),))
        self.of, self.cap, self.left, self.needed = of, cap, left, needed


class ShortOfCredits(RequestError):
    """`balance` is what its tenant has that is not reserved."""

    status = 402
    code = "short_of_credits"
    title = "The tenant has not enough credits"

    def __init__(self, balance: int, needed: int) -> None:
        there = f"{balance} credits left"
        detail = f"There are {there}, and {needed} would be needed."
        hint = (
            "Ask for fewer scenes, or wait for running jobs to end: what they do not take comes back. GET /api/v3/credits has "
            "what each action takes. Credits are granted by the operator: `make credits TENANT=… GRANT=…`, or POST "
            "/api/v3/credits/grants with a key of theirs."
        )
        super().__init__(detail, hint=hint, errors=(FieldError("Authorization", f"has {there}"),))
        self.balance, self.needed = balance, needed


class NotFound(RequestError):
    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(RequestError):
    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, detail: str, methods: Sequence[str]) -> None:
        there = ", ".join(methods)
        fields = (FieldError("method", f"must be one of {there}"),)
        super().__init__(detail, hint=f"This path has {there}.", errors=fields)
        self.methods = methods


class Conflict(RequestError):
    status = 409
    code = "conflict"
    title = "In conflict with what is there"


class InFlight(Conflict):
    code = "in_flight"
    title = "The first request with this key is not answered yet"


class TooLarge(RequestError):
    status = 413
    code = "too_large"
    title = "Too large"


class UnsupportedMedia(RequestError):
    status = 415
    code = "unsupported_media"
    title = "Not a kind of file that can be used"


class Unavailable(RequestError):
    """`seconds` until it is worth asking again; `lost` are the USD that it has cost all the same."""

    status = 503
    code = "unavailable"
    title = "A service that is needed for this does not answer"

    def __init__(self, detail: str, seconds: float | None = None, lost: Decimal = Decimal(0)) -> None:
        cost = f", and up to ${lost:.6f} was paid for it: your budget counts it as lost" if lost else ""
        super().__init__(detail, hint=f"Nothing was kept{cost}. Ask again in a moment.")
        self.seconds = seconds


class Unexpected(RequestError):
    """Says nothing of the inside but the name under which the log has it."""

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"

    def __init__(self, request_id: str) -> None:
        super().__init__("The request could not be carried out.", hint=f"The log has it as {request_id}.")


class WebhookRejected(ReelayError):
    """The signature, the time or the form of a callback does not hold. Never says what was expected."""

    status = 401


class UnknownAttempt(ReelayError):
    """A proven callback names an attempt that has no row."""

    status = 404


class ProviderError(ReelayError):
    """`error_class` is what a clip that fails with it shows. Whoever calls back meanwhile is asked to come again."""

    error_class = "failed"
    status = 503


class ProviderBusy(ProviderError):
    """Asked to come later: after `seconds`, where the provider said how many."""

    error_class = "busy"

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class ProviderRefused(ProviderError):
    """Never again with this input; `input` by the provider's name for it, where it says which."""

    error_class = "refused"

    def __init__(self, message: str, input: str | None = None) -> None:
        super().__init__(message)
        self.input = input


class ModelGone(ProviderRefused):
    """The provider does not have this model, or not any more."""

    error_class = "gone"


class ProviderFailed(ProviderError):
    """It did not work; another try may."""

    error_class = "failed"


class ProviderUnknown(ProviderError):
    """Sent, and nobody can say whether it was accepted."""

    error_class = "unknown"


class SelectionUnusable(ReelayError):
    """The pairs chosen break a rule: unknown id, a picture with itself, a pair twice, the wrong number."""


class NarrationFailed(ReelayError):
    """What a film was to say could not be written, spoken or timed; whatever could be tried again was. `by_service`: its
    answers were none, and other words would not help."""

    def __init__(self, message: str, *, by_service: bool = False) -> None:
        super().__init__(message)
        self.by_service = by_service


class NotConfigured(ReelayError):
    """Something that the deployment's owner has to provide; the message names it."""

    error_class = "unconfigured"

    status = 503


class KeyUnreachable(ReelayError):
    """The secret store does not tell a key just now; it may the next time."""


class MediaError(ReelayError):
    """A media file at fault."""

    error_class = "broken"


class BrokenMedia(MediaError):
    """A file that is not what it claims to be; the message says which test it failed."""


class LimitExceeded(BrokenMedia):
    """A file that ffmpeg was ended over: it took more time or memory than it is given."""


class PieceUnfit(MediaError):
    """The film cannot be made of its pieces, and can of others: the run's `LeftOut` says what has to go."""


class FilmTooLarge(MediaError):
    """A film that its pieces are too many or too heavy for; the message says by how much."""


class OutputExpired(MediaError):
    """A provider's output that is no longer there: asking again cannot help."""

    error_class = "expired"


class OutputUnreachable(MediaError):
    """A provider's output that did not arrive: worth asking again."""

    error_class = "unreachable"


class OutsideError(ReelayError):
    """An address that a user gave, at fault; the message is fit for them, and says nothing of our network."""


class AddressRefused(OutsideError):
    """Not an address that anything is sent to."""


class AddressUnreachable(OutsideError):
    """No answer, or none of use."""


class AnswerTooLarge(OutsideError):
    """More than was to be read."""


class NoClipSurvived(ReelayError):
    """There is nothing to make a film of, or not enough."""


class ConditionLost(ReelayError):
    """A conditional write did not hold. `index` tells which write of a transaction it was."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class StaleRun(ReelayError):
    """Another run owns the job, or the job has ended."""


def dollars(usd: Decimal) -> str:
    return f"${usd:.2f}" if usd == round(usd, 2) else f"${usd.normalize():f}"
