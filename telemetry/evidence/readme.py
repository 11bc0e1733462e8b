"""The page of plain words that goes into every piece of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def readme(document: Mapping[str, Any], counts: Mapping[str, Any]) -> str:
    """What the file is, what it holds, how it is checked, and what it does not prove.

    Args:
        document: the manifest without its files.
        counts: from `telemetry.evidence.counts`.
    """
    protected = counts["protected_branches_by_location"]
    pruned = document["rows_kept_since"]
    gone = "" if pruned is None else f"\nDecisions from before {pruned} were removed by the retention of that system.\n"
    return f"""RouteScope evidence
===================

Decisions of a model router from {document["from"] or "the first one"} until before {document["until"]} (UTC).
Made at {document["made_at"]} by {_plain(document["made_by"])}, with RouteScope {document["routescope"]}.
Simulated decisions are {document["simulated"]}. Requests that other systems only reported are left out.
{gone}
In this period {counts["decisions"]:,} requests were decided, in {counts["branches"]:,} branches. Of the branches for
sensitive or regulated data {protected["local"]:,} stayed local, {protected["cloud"]:,} went to a cloud, and of
{protected["unknown"]:,} no policy said where they ran.

Files
-----
decisions.jsonl, decisions.csv  one line a request: what was known of it, which rules spoke (verdicts), every model
                                with what excluded it and why (candidates), what was chosen and why, and its cost
branches.jsonl, branches.csv    one line an attempt at an answer, whether or not it was used: model, location, outcome
policies/VERSION.toml           the policy as it was; decisions name the version that decided (policy_version)
policies/versions.csv           when each version was first seen, and which user of the system recorded it
counts.json                     the sums of all this
manifest.json                   the SHA-256 and size of every file above
manifest.sig, public_key.pem    the signature over manifest.json (Ed25519, base64), and the key that checks it

JSON lines hold every value exactly. In CSV an apostrophe stands before text that a spreadsheet would compute. Times are
UTC; what was not known is null or empty, never 0. No prompt and no answer is in these files.

Checking
--------
With RouteScope:       routescope evidence verify FILE --fingerprint {document["key"]}
Without, in a folder with the unpacked files:
    base64 -d manifest.sig > manifest.raw
    openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin -in manifest.json -sigfile manifest.raw
    sha256sum FILE         and compare with manifest.json

The fingerprint of the key that signed this file is
    {document["key"]}
Get it on another way than this file, from whoever runs that RouteScope (routescope evidence key).

What it proves
--------------
That whoever held that key made these files, and that nothing in them was changed, added or left out since.
It does not prove that the database was right before: who may write that database and read that key could have changed
a decision and signed the result. The times are those of that machine's clock.
"""


def _plain(text: object) -> str:
    """A name on one line of a text file."""
    return " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())[:200]
