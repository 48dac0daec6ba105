"""Which services are real and which are stood in for, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import SETTINGS, Setting, setting
from local.cloud import LocalCloud
from local.services import CHECK_DELAYS, description_of, parameters_of, real_ones, secrets_of
from local.settings import SettingRefused, Settings

REPLICATE = {"REPLICATE_API_KEY": "r8_key"}
PIAPI = {"PIAPI_API_KEY": "piapi-key"}
RUNWAY = {"RUNWAYML_API_SECRET": "key_0"}
XAI = {"XAI_API_KEY": "xai-key"}
OPENAI = {"OPENAI_API_KEY": "sk-key"}
STAND_INS = {
    "replicate": "http://127.0.0.1:1",
    "piapi": "http://127.0.0.1:3",
    "runway": "http://127.0.0.1:4",
    "xai": "http://127.0.0.1:2",
    "openai": "http://127.0.0.1:5",
}


def test_without_keys_everything_is_stood_in_for() -> None:
    assert real_ones(Settings()) == set()
    assert parameters_of(Settings(), STAND_INS) == {
        "CheckDelays": "3,3,5,10",
        "OutsideOrigins": "http://127.0.0.1:1,http://127.0.0.1:3,http://127.0.0.1:4,http://127.0.0.1:2,http://127.0.0.1:5",
        "ReplicateBaseUrl": "http://127.0.0.1:1",
        "ReplicateOutputOrigins": "http://127.0.0.1:1",
        "PiapiBaseUrl": "http://127.0.0.1:3",
        "PiapiUploadUrl": "http://127.0.0.1:3",
        "PiapiOutputOrigins": "http://127.0.0.1:3",
        "RunwaymlBaseUrl": "http://127.0.0.1:4",
        "RunwayOutputOrigins": "http://127.0.0.1:4",
        "XaiBaseUrl": "http://127.0.0.1:2/v1",
        "OpenaiBaseUrl": "http://127.0.0.1:5/v1",
    }
    assert secrets_of(Settings(), STAND_INS) == {
        "OpenaiSecretArn": "stand-in-openai",
        "PiapiSecretArn": "stand-in-piapi",
        "ReplicateSecretArn": "stand-in-replicate",
        "RunwaySecretArn": "stand-in-runway",
        "XaiSecretArn": "stand-in-xai",
    }


def test_a_real_replicate_is_at_its_own_address_gets_uploads_and_is_asked() -> None:
    settings = Settings(REPLICATE)
    assert real_ones(settings) == {"replicate"}
    assert parameters_of(settings, {"xai": STAND_INS["xai"]}) == {
        "CheckDelays": "3,3,5,10",
        "MediaHandover": "upload",
        "OutsideOrigins": "http://127.0.0.1:2",
        "PublicUrl": "none",
        "XaiBaseUrl": "http://127.0.0.1:2/v1",
    }
    assert secrets_of(settings, {"xai"}) == {"ReplicateSecretArn": "r8_key", "XaiSecretArn": "stand-in-xai"}


def test_a_real_piapi_gets_uploads_where_it_keeps_them_and_is_asked() -> None:
    assert parameters_of(Settings(PIAPI), {}) == {
        "CheckDelays": "3,3,5,10",
        "MediaHandover": "upload",
        "PublicUrl": "none",
    }
    told = parameters_of(Settings({**PIAPI, "PIAPI_BASE_URL": "https://proxy.example/piapi"}), {})
    assert told["PiapiBaseUrl"] == told["PiapiUploadUrl"] == "https://proxy.example/piapi"
    assert told["PiapiOutputOrigins"].endswith(",https://proxy.example")


def test_a_real_runway_gets_uploads_and_takes_no_webhooks_from_the_others() -> None:
    assert parameters_of(Settings(RUNWAY), {}) == {"CheckDelays": "3,3,5,10", "MediaHandover": "upload"}
    told = parameters_of(Settings({**RUNWAY, "RUNWAYML_BASE_URL": "https://proxy.example/runway"}), {})
    assert told["RunwayOutputOrigins"].endswith(",https://proxy.example")
    assert secrets_of(Settings(RUNWAY), ()) == {"RunwaySecretArn": "key_0"}


def test_a_real_xai_gets_uploads_while_replicates_stand_in_calls_back() -> None:
    settings = Settings(XAI)
    told = parameters_of(settings, {"replicate": STAND_INS["replicate"]})
    assert told["MediaHandover"] == "upload"
    assert told.keys().isdisjoint({"PublicUrl", "XaiBaseUrl"})


def test_a_real_openai_fetches_nothing_from_here() -> None:
    told = parameters_of(Settings(OPENAI), {"replicate": STAND_INS["replicate"]})
    assert told.keys().isdisjoint({"MediaHandover", "PublicUrl", "OpenaiBaseUrl"})
    assert secrets_of(Settings(OPENAI), ()) == {"OpenaiSecretArn": "sk-key"}


def test_with_a_public_url_webhooks_are_named_there() -> None:
    told = parameters_of(Settings({**REPLICATE, "PUBLIC_URL": "https://tunnel.example"}), {})
    assert (told["PublicUrl"], told["MediaHandover"]) == ("https://tunnel.example", "upload")


def test_what_is_set_goes_before_what_would_follow() -> None:
    told = parameters_of(
        Settings({**REPLICATE, "MEDIA_HANDOVER": "url", "CHECK_DELAYS": "7", "CLIP_TIMEOUT_SECONDS": "60"}), {}
    )
    assert (told["MediaHandover"], told["CheckDelays"], told["ClipTimeoutSeconds"]) == ("url", "7", "60")


def test_outputs_of_a_replicate_elsewhere_may_also_come_from_there() -> None:
    settings = Settings({**REPLICATE, "REPLICATE_BASE_URL": "https://proxy.example:8443/replicate"})
    told = parameters_of(settings, {})
    assert told["ReplicateBaseUrl"] == "https://proxy.example:8443/replicate"
    assert told["ReplicateOutputOrigins"] == (
        "https://replicate.delivery,https://*.replicate.delivery,https://proxy.example:8443"
    )


def test_a_stand_ins_outputs_come_from_the_stand_in_whatever_is_set() -> None:
    told = parameters_of(Settings({"REPLICATE_OUTPUT_ORIGINS": "https://elsewhere.example"}), STAND_INS)
    assert told["ReplicateOutputOrigins"] == STAND_INS["replicate"]


def test_an_address_without_its_key_is_refused() -> None:
    with pytest.raises(SettingRefused, match="XAI_BASE_URL is set, but XAI_API_KEY is not") as refused:
        real_ones(Settings({"XAI_BASE_URL": "https://proxy.example/v1", "REPLICATE_BASE_URL": "https://proxy.example"}))
    assert "REPLICATE_BASE_URL is set, but REPLICATE_API_KEY is not" in str(refused.value)


def test_the_start_says_which_services_are_real_and_shows_no_key() -> None:
    settings = Settings({"REPLICATE_API_TOKEN": "r8_key"})
    assert list(description_of(settings, {"xai"})) == [
        "Replicate is real and wants to be paid: key from REPLICATE_API_TOKEN in the environment",
        "PiAPI is off: it has neither a key nor a stand-in",
        "Runway is off: it has neither a key nor a stand-in",
        "xAI is stood in for (XAI_API_KEY is not set)",
        "OpenAI is off: it has neither a key nor a stand-in",
        "Replicate is asked every few seconds",
    ]
    settings = Settings({**XAI, **OPENAI, **REPLICATE, **PIAPI, **RUNWAY, "PUBLIC_URL": "https://t.example"})
    assert list(description_of(settings, ())) == [
        "Replicate is real and wants to be paid: key from REPLICATE_API_KEY in the environment",
        "PiAPI is real and wants to be paid: key from PIAPI_API_KEY in the environment",
        "Runway is real and wants to be paid: key from RUNWAYML_API_SECRET in the environment",
        "xAI is real and wants to be paid: key from XAI_API_KEY in the environment",
        "OpenAI is real and wants to be paid: key from OPENAI_API_KEY in the environment",
        "Replicate calls back at https://t.example",
        "PiAPI calls back at https://t.example",
    ]


def test_a_secret_of_a_service_that_is_off_stays_as_it_was_made() -> None:
    assert secrets_of(Settings(), ()) == {}
    assert list(description_of(Settings(), ())) == [
        "Replicate is off: it has neither a key nor a stand-in",
        "PiAPI is off: it has neither a key nor a stand-in",
        "Runway is off: it has neither a key nor a stand-in",
        "xAI is off: it has neither a key nor a stand-in",
        "OpenAI is off: it has neither a key nor a stand-in",
    ]


def test_a_cloud_that_is_given_no_settings_takes_no_key_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or whoever has a key would pay for each run of the tests."""
    monkeypatch.setenv("XAI_API_KEY", "xai-key")
    assert "xAI is off: it has neither a key nor a stand-in" in LocalCloud(out=tmp_path).description
    assert "xAI is real" in "".join(LocalCloud(out=tmp_path, settings=Settings({"XAI_API_KEY": "key"})).description)


@pytest.mark.parametrize("one", [one for one in SETTINGS if one.parameter], ids=lambda one: one.name)
def test_a_setting_becomes_its_parameter(one: Setting) -> None:
    settings = Settings(
        {**REPLICATE, **PIAPI, **RUNWAY, **XAI, **OPENAI, one.name: one.default or "https://reelay.example"}
    )
    assert parameters_of(settings, {})[one.parameter] == settings[one.name]


def test_the_table_tells_the_delays_that_the_local_cloud_takes() -> None:
    assert setting("CHECK_DELAYS").here == f"`{CHECK_DELAYS}`"
