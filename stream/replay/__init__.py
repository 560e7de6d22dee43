"""Back-fill: a replay that reads at every step of time, and the past that Prometheus is given of it."""
