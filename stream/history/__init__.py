"""History, kept: hours of figures as records of a log, and what of them is to be written when."""
