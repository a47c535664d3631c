"""A clock that shows where a test stands that waits for ever, and ends its process.

pytest has one, which it starts and stops for each test. To start a thread and wait for its end took
a third of the time around each of 16,000 short tests. This one goes on from test to test, and is
set back once a second.
"""

import faulthandler
import time

from _pytest.faulthandler import fault_handler_stderr_fd_key

SECONDS = 900


class Clock:
    """What counts down while tests run, and writes where pytest writes of crashes."""

    def __init__(self, config):
        self.config = config
        self.since = None

    def start(self):
        """Count from now on."""
        self.since = time.monotonic()
        file = self.config.stash[fault_handler_stderr_fd_key]
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=file)

    def begin_test(self):
        """Count from now on, or, as it is about the same, from less than a second ago."""
        if self.since is None or time.monotonic() - self.since > 1.0:
            self.start()

    def stop(self):
        """End the thread that counts."""
        self.since = None
        faulthandler.cancel_dump_traceback_later()
