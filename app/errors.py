"""Errors whose message is complete by itself."""


class ExplainedError(Exception):
    """Its message tells the operator what is wrong and what to do.

    A command prints it and exits; the doctor reports it as a finding. Residents and organizers
    see a code with values instead (``campaign.problems``).
    """


class NotStoredError(ExplainedError):
    """Nothing was written and nothing stored before is lost. A retry is safe."""
