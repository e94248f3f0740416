"""What is asked: pure functions from what is seen to an answer."""
