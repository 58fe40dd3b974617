"""Errors that need no explanation beside them."""


class ExplainedError(Exception):
    """Its message says what is so and what to do, for whoever runs the site.

    A command that meets one prints it and ends, the doctor makes it a finding. What a resident
    or an organizer reads is a code with values instead (``campaign.problems``).
    """


class NotStoredError(ExplainedError):
    """Nothing was written, and nothing that was there before is lost. Trying again is safe."""
