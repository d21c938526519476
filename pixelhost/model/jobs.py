"""What runs by the clock."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a background job. `failure` is empty when it went well."""

    name: str
    begun_at: datetime
    ended_at: datetime
    dealt_with: int
    failure: str
