"""Whether the policy is sound, and its models can be called: their keys, their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.doctor.check import Check
from router_core.errors import PolicyError
from router_core.policy.loading import load_policy
from router_core.providers import model_state
from router_core.providers.build import key_variables
from router_core.providers.catalog import CATALOG


def policy_file(path: Path) -> Check:
    """Whether the policy is sound."""
    try:
        loaded = load_policy(path)
    except PolicyError as error:
        more = f", and {len(error.faults) - 1} more" if len(error.faults) > 1 else ""
        return Check("policy", "fail", f"{error.faults[0]}{more}", f"see `routescope policy check {path}`")
    return Check("policy", "ok", f"{loaded.policy.name} ({path}), version {loaded.version}")


def keys(path: Path, environ: Mapping[str, str]) -> list[Check]:
    """Whether the policy's hosted models have their keys. Names only, never values."""
    try:
        policy = load_policy(path).policy
    except PolicyError:
        return []
    wanted: dict[tuple[str, ...], list[str]] = {}
    for name, model in policy.models.items():
        if variables := key_variables(model.provider):
            wanted.setdefault(variables, []).append(name)
    hosted = {name for names in wanted.values() for name in names}
    checks = []
    for variables, names in wanted.items():
        either = " or ".join(variables)
        if any(environ.get(variable, "").strip() for variable in variables):
            checks.append(Check("key", "ok", f"{either} is set, for {', '.join(names)}"))
        else:
            checks.append(
                Check("key", "warn", f"{either} is not set: {', '.join(names)} left out", f"set {variables[0]}")
            )
    if checks and hosted == set(policy.models) and all(check.outcome != "ok" for check in checks):
        checks.append(Check("keys", "fail", "no model of the policy has its key", "set at least one of them"))
    return checks or [Check("keys", "ok", "the policy needs none")]


def model_files(folder: Path) -> list[Check]:
    """Whether each local model's file is here, and is the file that it should be. Hashes what is here."""
    checks = []
    for entry in CATALOG:
        pull = f"run `routescope models pull {entry.name}`"
        path = folder / entry.file
        state = model_state.read(entry, folder)
        if not path.exists():
            coming = {"queued": "waiting to be pulled", "pulling": "being pulled", "verifying": "being verified"}
            found = f"{entry.name} is {coming.get(state.stage, 'not pulled')}"
            checks.append(Check("model", "warn", found, "" if state.stage in coming else pull))
            continue
        try:
            right = path.stat().st_size == entry.bytes and model_state.sha256(path) == entry.sha256
        except OSError as error:
            checks.append(Check("model", "fail", f"{path} cannot be read ({error.strerror})", "check its permissions"))
            continue
        if right:
            checks.append(Check("model", "ok", f"{entry.name}, SHA-256 verified"))
        else:
            checks.append(Check("model", "fail", f"{path} is not the file it should be", f"move it away and {pull}"))
    return checks
