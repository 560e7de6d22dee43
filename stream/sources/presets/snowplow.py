"""Snowplow: enriched events, tab-separated, as they lie in the stream of good ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import orjson

from stream.contract.form import FormAction, FormType
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, form, page_view
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import bare_url, click_ids, url_path
from stream.sources.values import by_pattern, part, text
from stream.sources.wire.wire import Shape


class FormOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one of your structured events says of a form."""

    action: FormAction = "submit"
    form_id: str = ""
    form_type: FormType | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which structured events are forms, by category/action; types of forms by their id; kinds of pages."""

    forms: dict[str, FormOf] = {}
    form_types: dict[str, FormType] = {}
    page_groups: dict[str, str] = {}


PAGE_GROUPS: Final = {
    "/pricing*": "pricing",
    "/cart*": "cart",
    "/checkout*": "cart",
    "/blog*": "blog",
    "/docs*": "docs",
}
#: The 131 columns of an enriched event, in their order.
COLUMNS: Final = (
    "app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event", "event_id", "txn_id",
    "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id", "user_ipaddress", "user_fingerprint",
    "domain_userid", "domain_sessionidx", "network_userid", "geo_country", "geo_region", "geo_city",
    "geo_zipcode", "geo_latitude", "geo_longitude", "geo_region_name", "ip_isp", "ip_organization", "ip_domain",
    "ip_netspeed", "page_url", "page_title", "page_referrer", "page_urlscheme", "page_urlhost", "page_urlport",
    "page_urlpath", "page_urlquery", "page_urlfragment", "refr_urlscheme", "refr_urlhost", "refr_urlport",
    "refr_urlpath", "refr_urlquery", "refr_urlfragment", "refr_medium", "refr_source", "refr_term", "mkt_medium",
    "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "contexts", "se_category", "se_action", "se_label",
    "se_property", "se_value", "unstruct_event", "tr_orderid", "tr_affiliation", "tr_total", "tr_tax",
    "tr_shipping", "tr_city", "tr_state", "tr_country", "ti_orderid", "ti_sku", "ti_name", "ti_category",
    "ti_price", "ti_quantity", "pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min", "pp_yoffset_max",
    "useragent", "br_name", "br_family", "br_version", "br_type", "br_renderengine", "br_lang", "br_features_pdf",
    "br_features_flash", "br_features_java", "br_features_director", "br_features_quicktime",
    "br_features_realplayer", "br_features_windowsmedia", "br_features_gears", "br_features_silverlight",
    "br_cookies", "br_colordepth", "br_viewwidth", "br_viewheight", "os_name", "os_family", "os_manufacturer",
    "os_timezone", "dvce_type", "dvce_ismobile", "dvce_screenwidth", "dvce_screenheight", "doc_charset",
    "doc_width", "doc_height", "tr_currency", "tr_total_base", "tr_tax_base", "tr_shipping_base", "ti_currency",
    "ti_price_base", "base_currency", "geo_timezone", "mkt_clickid", "mkt_network", "etl_tags",
    "dvce_sent_tstamp", "refr_domain_userid", "refr_device_tstamp", "derived_contexts", "domain_sessionid",
    "derived_tstamp", "event_vendor", "event_name", "event_format", "event_version", "event_fingerprint",
    "true_tstamp",
)  # fmt: skip
_READS: Final = frozenset({
    "app_id", "collector_tstamp", "event", "event_id", "user_id", "domain_userid", "network_userid",
    "geo_country", "geo_region", "page_url", "page_referrer", "page_urlhost", "page_urlpath", "refr_urlhost",
    "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "contexts", "se_category", "se_action",
    "se_label", "unstruct_event", "useragent", "derived_contexts", "domain_sessionid", "derived_tstamp",
    "event_name",
})  # fmt: skip
_VIEWS: Final = frozenset({"page_view", "pv"})
_STRUCT: Final = frozenset({"struct", "se"})
_OTHERS: Final = frozenset(
    {
        "page_ping", "pp", "link_click", "focus_form", "change_form", "consent_preferences", "cmp_visible",
        "application_error", "tr", "ti", "transaction", "transaction_item",
    }
)  # fmt: skip
_PAGE: Final = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-"
_ROBOTS: Final = "iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-"


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    group_of, forms, types = by_pattern(options.page_groups | PAGE_GROUPS), options.forms, options.form_types
    own_site = not (definition.site or definition.site_field)

    def read(row: Any, about: About) -> Iterator[Event | Ignored]:
        event, name = row.get("event"), row.get("event_name")
        if event in _VIEWS:
            path = row.get("page_urlpath") or url_path(row.get("page_url"))
            yield page_view(
                # one view can arrive under two ids of events: the id of the view is the one to count by
                id=_context(row.get("contexts"), _PAGE).get("id") or row.get("event_id"),
                page={"path": path, "url": bare_url(row.get("page_url")), "group": group_of(path)},
                **_common(row, own_site),
            )
        elif name == "submit_form":
            form_id = text(part(part(_json(row.get("unstruct_event")), "data"), "data").get("formId")) or "form"
            yield _form(row, own_site, FormOf(form_type=types.get(form_id)), form_id)
        elif event in _STRUCT and (what := forms.get(f"{row.get('se_category')}/{row.get('se_action')}")) is not None:
            yield _form(row, own_site, what, what.form_id or row.get("se_label") or row.get("se_action"))
        elif name in _OTHERS or event in _OTHERS:
            yield ignored(name or event)

    return read


def _form(row: Any, own_site: bool, what: FormOf, form_id: Any) -> Event:
    return form(
        id=row.get("event_id"),
        action=what.action,
        form_id=form_id,
        form_type=what.form_type,
        submission_id=row.get("event_id") if what.action == "submit" else None,
        page_path=row.get("page_urlpath"),
        **_common(row, own_site),
    )


def _common(row: Any, own_site: bool) -> dict[str, Any]:
    campaign = {
        ours: row[theirs]
        for ours, theirs in (
            ("source", "mkt_source"), ("medium", "mkt_medium"), ("name", "mkt_campaign"), ("term", "mkt_term"),
            ("content", "mkt_content"),
        )
        if row.get(theirs)
    }  # fmt: skip
    referrer = bare_url(row.get("page_referrer"))
    robot = _context(row.get("derived_contexts"), _ROBOTS).get("spiderOrRobot")
    return {
        "time": clock(row.get("derived_tstamp") or row.get("collector_tstamp")),
        "recordedtime": clock(row.get("collector_tstamp")),
        "site_id": row.get("app_id") or row.get("page_urlhost") if own_site else None,
        "visitor_id": row.get("domain_userid") or row.get("network_userid"),
        "user_id": row.get("user_id"),
        "session_id": row.get("domain_sessionid"),
        "user_agent": row.get("useragent"),
        "campaign": campaign or None,
        "click_ids": click_ids(row.get("page_url")),
        "referrer": {"url": referrer, "domain": row.get("refr_urlhost")} if referrer else None,
        "geo": {"country": row.get("geo_country"), "region": row.get("geo_region")} if row.get("geo_country") else None,
        "traffic": {"class": "bot"} if robot is True else None,
    }


def _context(said: Any, schema: str) -> dict[str, Any]:
    """Give the data of the first context of a schema, an empty one where there is none."""
    if said is None or schema not in said:
        return {}
    contexts = part({"": _json(said)}, "").get("data")
    for each in contexts if contexts.__class__ is list else ():
        if each.__class__ is dict and str(each.get("schema")).startswith(schema):
            return part(each, "data")
    return {}


def _json(said: Any) -> Any:
    if said.__class__ is not str:
        return None
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError:
        return None  # what cannot be read of a context decorates, and the event counts


def _row(**values: str) -> bytes:
    return "\t".join(values.get(name, "") for name in COLUMNS).encode()


PRESET: Final = Preset(
    name="snowplow",
    title="Snowplow enriched events, tab-separated (the stream of good ones)",
    kinds=("page_view", "form"),
    options=Options,
    mapping=mapping,
    shape=Shape(format="tsv", columns=COLUMNS, reads=_READS),
    named=("event_name", "event"),
    names_site=True,
    facts=(
        "github.com/snowplow/snowplow-python-analytics-sdk: the 131 columns and their order",
        "docs.snowplow.io/docs/fundamentals/canonical-event: what a column means",
        "github.com/snowplow/dbt-snowplow-web, integration_tests: 160 events, 47 page views by the id of the view",
    ),
    unconfirmed="the field formId of submit_form, read off its schema",
    notes=(
        "Without site or site_field the site is app_id, else the host of the page.",
        "The id of a page view is that of its web_page context, else event_id.",
    ),
    example_options={"forms": {"lead/demo": {"form_id": "demo", "form_type": "demo"}}},
    example=(
        _row(
            app_id="shop", event="page_view", event_name="page_view", event_id="e-1", domain_userid="d-1",
            collector_tstamp="2026-03-01 09:30:00.500", derived_tstamp="2026-03-01 09:30:00.120", geo_country="DE",
            page_url="https://shop.example/pricing?utm_source=google&gclid=x1", page_urlhost="shop.example",
            page_urlpath="/pricing", page_referrer="https://www.google.com/", refr_urlhost="www.google.com",
            mkt_source="google", mkt_medium="cpc", useragent="Mozilla/5.0 (X11; Linux x86_64)", domain_sessionid="s-1",
            contexts='{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{"schema":'
            '"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"v-1"}}]}',
        ),
        _row(
            app_id="shop", event="struct", event_name="event", event_id="e-2", domain_userid="d-1", se_category="lead",
            se_action="demo", collector_tstamp="2026-03-01 09:31:00.500", derived_tstamp="2026-03-01 09:31:00.120",
            page_urlpath="/demo",
        ),
        _row(
            app_id="shop", event="unstruct", event_name="submit_form", event_id="e-3", domain_userid="d-1",
            collector_tstamp="2026-03-01 09:32:00.500", derived_tstamp="2026-03-01 09:32:00.120",
            page_urlpath="/contact",
            unstruct_event='{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{'
            '"schema":'
            '"iglu:com.snowplowanalytics.snowplow/submit_form/jsonschema/1-0-0","data":{"formId":"contact"}}}',
        ),
    ),
)  # fmt: skip
