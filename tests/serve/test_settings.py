"""ServeConfig: open to this machine alone, or behind a key."""

import pytest

from lookmore.errors import ConfigError
from lookmore.serve.settings import ServeConfig

KEY = "0123456789abcdef"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_this_machine_needs_no_key(host: str) -> None:
    assert ServeConfig(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_machines_need_a_key(host: str) -> None:
    with pytest.raises(ConfigError, match=r"needs an API key: give --api-key-file FILE or set"):
        ServeConfig(host=host)
    assert not ServeConfig(host=host, api_key=KEY).is_loopback


def test_a_proxy_in_front_needs_a_key() -> None:
    with pytest.raises(ConfigError, match=r"--public-host faces\.example lets other machines in"):
        ServeConfig(public_hosts=("faces.example",))
    names = ServeConfig(public_hosts=("Faces.example",), api_key=KEY).host_names
    assert names is not None and {"faces.example", "127.0.0.1"} <= names


def test_only_names_of_this_machine_are_answered_to_on_loopback() -> None:
    assert ServeConfig().host_names == {"127.0.0.1", "localhost", "::1"}
    assert ServeConfig(host="0.0.0.0", api_key=KEY).host_names is None


@pytest.mark.parametrize(
    ("key", "reason"),
    [("short", "at least 16 characters, got 5"), ("sixteen chars and", "without spaces")],
)
def test_a_weak_key_is_refused(key: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        ServeConfig(api_key=key)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("port", -1, r"--port must be from 0 to 65,535, got -1"),
        ("max_upload_bytes", 0, r"--max-upload-mib must be from 0.001 to 1,024, got 0.0"),
        ("max_pixels", 10**9, r"--max-pixels must be from 64 to 64,000,000, got 1,000,000,000"),
        ("queue", 0, r"--queue must be from 1 to 10,000, got 0"),
        ("batch", 0, r"batch must be from 1 to 1,024, got 0"),
        ("body_seconds", 0.0, r"body_seconds must be from 0.1 to 3,600, got 0.0"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name(
    setting: str, value: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}$"):
        ServeConfig(**{setting: value})  # type: ignore[arg-type]
