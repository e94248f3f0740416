"""The call, its outcomes, codes and times: pure, no I/O."""
