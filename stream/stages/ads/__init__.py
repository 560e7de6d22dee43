"""Ads: single events straight into cells; totals of a period, of which newer ones cover older ones.

A platform restates: yesterday's hours become yesterday, today so far becomes today so far an hour later, a day comes
again with more conversions. So a total is never added to what came before for the same time. Of one key (all that
tells rows of a report apart) and period only the highest revision stands; of those that stand the newest goes first,
and each older one counts only for the time that no newer one covers.

`totals` has these rules and `restated` keeps the rows; `grains` says where a campaign is reported in two ways at once,
`fold` brings rows, events and cells together. What was spent elsewhere (`costs`) is one more kind of total, and what
others measured (`signals`) stands until something newer is told. Counts are kept in millionths, since platforms report
parts of a conversion; money in millionths of its currency.
"""
