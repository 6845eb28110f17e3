"""The certificates of known signers: read from PEM files, and refused when they cannot stand for one profile."""

import sys
from pathlib import Path

import pytest

from lambent.adapters.signatures import CertificatesRefused, known_profiles
from lambent.core.code_signature import BROKEN, CodeSignature, is_signing_profile_version_arn
from tests.signed_packages import OTHER_PROFILE, PROFILE, fingerprint, signer, write_pem


def test_a_file_may_hold_several_certificates_of_one_profile(tmp_path: Path) -> None:
    _, first = write_pem(signer(), tmp_path, "first")
    _, second = write_pem(signer("new"), tmp_path, "second")
    both = tmp_path / "both.pem"
    both.write_bytes(b"text before\n" + first.read_bytes() + second.read_bytes())
    known = known_profiles({PROFILE: str(both)})
    assert known.by_certificate == {fingerprint(signer()): PROFILE, fingerprint(signer("new")): PROFILE}
    assert known.of(CodeSignature(intact=True, certificate=fingerprint(signer()))) == PROFILE
    assert known.of(CodeSignature(intact=False, certificate=fingerprint(signer()))) is None
    assert known.of(BROKEN) is None


def test_files_that_will_not_do_are_refused_by_name(tmp_path: Path) -> None:
    key, certificate = write_pem(signer(), tmp_path)
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n")
    for file in (key, broken, tmp_path / "missing.pem", tmp_path):
        with pytest.raises(CertificatesRefused, match=f"signing_profiles: {file}"):
            known_profiles({PROFILE: str(file)})
    with pytest.raises(CertificatesRefused, match="stands for another profile"):
        known_profiles({PROFILE: str(certificate), OTHER_PROFILE: str(certificate)})


def test_a_start_with_known_signers_does_not_wait_for_the_cryptography_library() -> None:
    import subprocess

    asked = "import sys, lambent.wiring.platform, lambent.api.handlers; print('cryptography' in sys.modules)"
    reply = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert reply.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (PROFILE, True),
        (PROFILE.replace("aws:", "aws-cn:", 1), True),
        (PROFILE + ":1", False),
        (PROFILE.removesuffix("/abcdefgh12"), False),
        (PROFILE.replace("team", "t"), False),
        (f" {PROFILE}", False),
        ("", False),
    ],
)
def test_a_signing_profile_version_has_its_own_form(text: str, is_one: bool) -> None:
    assert is_signing_profile_version_arn(text) is is_one


def test_a_job_is_in_the_account_and_region_of_its_profile() -> None:
    signature = CodeSignature(intact=True, job="j", profile_version_arn=PROFILE.replace("us-east-1", "eu-west-1"))
    assert signature.job_arn == "arn:aws:signer:eu-west-1:000000000000:/signing-jobs/j"
    assert CodeSignature(intact=True, job="j").job_arn is None
    assert CodeSignature(intact=True, profile_version_arn=PROFILE).job_arn is None
