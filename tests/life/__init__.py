"""Life: sites and mailings in weeks that are not stationary, and what the judge must make of them.

site       a site's visits and leads by channel        mailing    messages one by one
stories    what happens to sites, and what is right    letters    what happens to mailings
feed       counts into windows, history and looks      score      what was told, against what is right
bars       the table that must hold                    proof      runs all of it: make alerts-proof
"""
