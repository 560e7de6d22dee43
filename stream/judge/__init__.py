"""The judge: is a figure as usual? Pure: (figures now, history, calendar, settings, what fires) → verdicts, alerts.

In:  readings of moments, in order.  Out: verdicts of readings, records of `leadpulse.alerts`.

    settings    zones, calendar, rules, limits        zones       local hours of former weeks
    history     figures by hour over six weeks

Statistics are written over arrays of series × moments: a worker has one moment, a back-test and the proof thousands.
"""
