"""The tuning lab: plans trials, runs them through `sfcrime stream`, and reports what they show."""
