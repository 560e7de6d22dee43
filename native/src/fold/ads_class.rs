//! The class by which Python folds ad events that it read itself.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::ads::{Ad, Ads};
use super::changes::Grid;

const TEXTS: [&str; 8] = [
    "site_id",
    "action",
    "platform",
    "campaign_id",
    "channel_type",
    "audience_type",
    "variant",
    "currency",
];

/// Folds the single ad events of one shard.
#[pyclass(module = "leadpulse_native")]
pub struct AdsCore {
    pub(crate) ads: Ads,
}

/// The values of an event that are no texts.
struct Amounts {
    amount: i64,
    conversion_value: Option<i64>,
}

impl Amounts {
    /// Reads them; None for the total of a period, and for what is no 64-bit number.
    fn of(data: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = data.py();
        if !data.getattr(intern!(py, "period_start"))?.is_none() {
            return Ok(None);
        }
        let is_spend = data.getattr(intern!(py, "action"))?.eq("spend")?;
        let amount = data.getattr(if is_spend { "cost_micros" } else { "count_micros" })?;
        let value = data.getattr(intern!(py, "conversion_value"))?;
        Ok(match (amount.extract(), value.extract()) {
            (Ok(amount), Ok(conversion_value)) => Some(Amounts {
                amount,
                conversion_value,
            }),
            _ => None,
        })
    }
}

#[pymethods]
impl AdsCore {
    /// Takes (pane_ms, origin_ms), and the length of an hour.
    #[new]
    fn new(grid: (i64, i64), hour_ms: i64) -> Self {
        AdsCore {
            ads: Ads::new(
                Grid {
                    pane_ms: grid.0,
                    origin_ms: grid.1,
                },
                hour_ms,
            ),
        }
    }

    /// Folds events with their times for an `Ads`, in their order: what is no single event is folded by `of.one`.
    fn fold(
        &mut self,
        events: &Bound<'_, PyList>,
        times: Vec<i64>,
        of: &Bound<'_, PyAny>,
        accumulator: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = of.py();
        self.ads.count_in(accumulator)?;
        for (event, time_ms) in events.iter().zip(times) {
            let data = event.getattr(intern!(py, "data"))?;
            let mut texts: [Option<Bound<'_, PyString>>; 8] = Default::default();
            for (text, name) in texts.iter_mut().zip(TEXTS) {
                let found = data.getattr(name)?;
                *text = if found.is_none() {
                    None
                } else {
                    Some(found.downcast_into()?)
                };
            }
            let mut named = [None; 8];
            let mut is_text = true;
            for (named, text) in named.iter_mut().zip(&texts) {
                *named = text.as_ref().and_then(|text| text.to_str().ok());
                is_text &= named.is_some() == text.is_some();
            }
            match Amounts::of(&data)?.filter(|_| is_text) {
                Some(Amounts {
                    amount,
                    conversion_value,
                }) => {
                    self.ads.fold(
                        of,
                        accumulator,
                        &Ad {
                            time_ms,
                            named,
                            amount,
                            conversion_value,
                        },
                    )?;
                }
                None => {
                    of.call_method1("one", (event, time_ms, accumulator))?;
                }
            }
        }
        self.ads.flush(of, accumulator)
    }
}
