"""Engine: records in, what one commit writes out; which group keeps which kinds, and where each record ends."""
