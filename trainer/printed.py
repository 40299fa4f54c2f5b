"""What the papers printed, row by row: the figures that a run's own are set beside.

Percent, as printed, by the names of the recipes and of the data sets; one table here is one table of a paper (GRL,
CVPR 2021; STMP, AAAI 2019; RGSAT, AAAI 2020; GLTR, ICCV 2019; TCLNet, ECCV 2020). Rows whose figures stand in a drawing
only are absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Columns: TypeAlias = tuple[tuple[str, str], ...]  # (data set, figure)


class Printed(NamedTuple):
    """A paper's table: a row has a number a column, or fewer where the last ones are not printed."""

    columns: Columns
    rows: Mapping[str, tuple[float, ...]]


_MARS: Columns = (("mars", "mAP"), ("mars", "rank1"))
_MARS_RANKS: Columns = (*_MARS, ("mars", "rank5"), ("mars", "rank20"))
_DUKE: Columns = (("duke_video", "mAP"), ("duke_video", "rank1"))
_DUKE_RANKS: Columns = (*_DUKE, ("duke_video", "rank5"), ("duke_video", "rank20"))
_ILIDS: Columns = (("ilids_vid", "rank1"), ("ilids_vid", "rank5"), ("ilids_vid", "rank20"))
_PRID: Columns = (("prid2011", "rank1"), ("prid2011", "rank5"), ("prid2011", "rank20"))
_LS_VID: Columns = (("ls_vid", "mAP"), ("ls_vid", "rank1"))
_LS_VID_RANKS: Columns = (*_LS_VID, ("ls_vid", "rank5"), ("ls_vid", "rank10"), ("ls_vid", "rank20"))
_MARKET: Columns = (("market1501", "mAP"),)

GRL = Printed(
    (*_MARS, *_ILIDS[:2], *_PRID[:2]),
    {
        "grl/baseline": (81.2, 88.5, 87.1, 97.2, 93.5, 98.7),
        "grl/gce_low": (81.9, 88.9, 88.3, 97.4, 93.9, 99.0),
        "grl/gce_high": (83.0, 89.5, 89.2, 98.0, 94.7, 99.2),
        "grl/gce_both": (83.3, 90.1, 89.5, 97.9, 95.0, 99.5),
        "grl/trl_low": (82.2, 88.4, 88.6, 97.8, 94.8, 99.6),
        "grl/trl_high": (84.0, 90.4, 90.5, 97.9, 95.4, 99.6),
        "grl/full": (84.8, 91.0, 90.4, 98.3, 96.2, 99.7),
    },
)
GRL_RANKS = Printed(
    (*_MARS_RANKS, _ILIDS[2], _PRID[2]),
    {
        "grl/baseline": (81.2, 88.5, 95.5, 97.9),
        "grl/full": (84.8, 91.0, 96.7, 98.4, 99.8, 100.0),
        "grl/no_memory": (84.2, 90.2, 96.3, 98.2),
        "grl/no_enhance": (83.4, 90.1, 96.5, 98.3),
        "grl/T4": (83.0, 89.4, 96.1, 98.2),
        "grl/T6": (83.5, 90.1, 96.7, 98.4),
        "grl/T8": (84.8, 91.0, 96.7, 98.4),
        "grl/T10": (83.9, 90.2, 96.5, 98.4),
        "grl/forward": (84.0, 89.9, 96.5, 98.3),
        "grl/backward": (83.7, 90.0, 96.5, 98.3),
        "grl/loss_v": (82.6, 89.5, 96.3, 98.1),
        "grl/loss_f": (83.5, 90.1, 96.4, 98.3),
    },
)
STMP = Printed(
    (*_ILIDS, *_PRID),
    {
        "stmp/base": (57.7, 78.9, 91.3, 84.4, 96.2, 99.5),
        "stmp/base_lv": (72.2, 89.7, 97.5, 88.0, 97.2, 99.9),
        "stmp/lstm_lv": (71.5, 90.4, 96.5, 86.7, 97.1, 99.8),
        "stmp/stim_lv": (77.3, 92.8, 97.7, 91.1, 98.6, 100.0),
        "stmp/rru_s_lv": (73.5, 90.4, 97.0, 90.8, 98.5, 99.9),
        "stmp/rru_c_lv": (73.4, 90.0, 96.0, 88.7, 97.6, 99.8),
        "stmp/rru_ad_lv": (74.0, 89.8, 96.7, 90.1, 97.6, 99.9),
        "stmp/rru_od_lv": (73.3, 90.4, 95.5, 89.2, 98.5, 100.0),
        "stmp/rru_lv": (75.0, 90.9, 97.0, 91.3, 98.3, 99.9),
        "stmp/rru_lstm_lv": (72.3, 90.1, 97.1, 89.6, 98.0, 100.0),
        "stmp/rru_stim_lv": (80.5, 94.1, 98.8, 91.5, 98.8, 99.9),
        "stmp/full": (84.3, 96.8, 99.5, 92.7, 98.8, 99.8),
    },
)
STMP_MARS = Printed(
    _MARS_RANKS,
    {
        "stmp/base": (64.7, 81.7, 91.8, 96.2),
        "stmp/stim_lv": (71.1, 83.2, 92.4, 96.1),
        "stmp/rru_stim_lv": (72.2, 83.9, 93.4, 95.8),
        "stmp/full": (72.7, 84.4, 93.2, 96.3),
    },
)
STMP_LS_VID = Printed(_LS_VID_RANKS, {"stmp/full": (39.14, 56.78, 76.18, 82.02, 87.12)})  # run by GLTR's authors
RGSAT = Printed(
    (_MARS[1], _MARS[0], _DUKE[1], _DUKE[0]),
    {
        "rgsat/base_ce": (87.2, 80.9, 95.3, 94.2),
        "rgsat/base_total": (87.8, 81.8, 95.4, 94.5),
        "rgsat/rgsa": (88.6, 83.2, 96.0, 95.0),
        "rgsat/rgtr": (89.4, 83.3, 96.0, 95.3),
        "rgsat/both_ce": (88.5, 83.5, 96.3, 95.3),
        "rgsat/both_ip": (88.4, 82.5, 96.6, 95.5),
        "rgsat/full": (89.4, 84.0, 97.2, 95.8),
        "rgsat/r16_128": (89.6, 84.0, 96.7, 95.5),
        "rgsat/r16_256": (89.3, 84.1, 96.6, 95.6),
        "rgsat/r32_128": (89.4, 84.0, 96.2, 95.1),
        "rgsat/r32_256": (89.4, 84.0, 97.2, 95.8),
        "rgsat/T2": (88.5, 82.5, 95.9, 94.9),
        "rgsat/T4": (88.6, 83.4, 96.0, 95.1),
        "rgsat/T6": (89.0, 83.5, 96.2, 95.1),
        "rgsat/T8": (89.4, 84.0, 97.2, 95.8),
    },
)
RGSAT_RANKS = Printed(
    (*_MARS_RANKS, *_DUKE_RANKS, *_ILIDS, *_PRID),
    {"rgsat/full": (84.0, 89.4, 96.9, 98.3, 95.8, 97.2, 99.4, 99.9, 86.0, 98.0, 99.4, 93.7, 99.0, 100.0)},
)
GLTR = Printed(
    (*_LS_VID, *_MARS, *_DUKE, _PRID[0], _ILIDS[0]),
    {
        "gltr/baseline": (30.72, 46.18, 65.45, 78.43, 82.08, 86.47, 83.15, 62.67),
        "gltr/dtp": (41.78, 59.92, 75.90, 85.74, 89.98, 93.02, 93.26, 84.00),
        "gltr/tsa": (40.01, 58.73, 75.62, 85.40, 89.26, 92.74, 92.14, 83.33),
        "gltr/full": (44.32, 63.07, 78.47, 87.02, 93.74, 96.29, 95.50, 86.00),  # the table of trunks says 44.43
        "gltr/full_rerank": (),
    },
)
GLTR_RANKS = Printed(
    (*_LS_VID_RANKS[2:], *_MARS_RANKS[2:], *_DUKE_RANKS[2:], _PRID[1], _ILIDS[1]),
    {"gltr/full": (77.22, 83.81, 88.41, 95.76, 98.23, 99.30, 99.71, 100.0, 98.00)},
)
GLTR_RERANKED = Printed(_MARS, {"gltr/full_rerank": (85.54,)})
GLTR_TRUNKS = Printed(
    _LS_VID_RANKS,
    {
        "gltr/alexnet_baseline": (15.98, 24.23, 43.52, 53.45, 62.13),
        "gltr/alexnet_full": (22.57, 35.45, 56.59, 66.01, 75.06),
        "gltr/inception_baseline": (22.77, 35.70, 55.88, 64.89, 73.12),
        "gltr/inception_full": (35.75, 51.83, 71.66, 79.19, 84.79),
        "gltr/resnet50_baseline": (30.72, 46.18, 67.41, 74.71, 82.33),
        "gltr/resnet50_full": (44.43, 63.07, 77.22, 83.81, 88.41),
    },
)
TCL = Printed(
    (*_MARS, *_DUKE, _ILIDS[0]),
    {
        "tcl/base": (79.6, 86.8),
        "tcl/tse_wo_seo": (80.9, 87.2),
        "tcl/tse": (82.5, 88.2),
        "tcl/tsb": (82.3, 87.6),
        "tcl/full": (83.0, 88.8, 95.2, 96.3, 84.3),
        "tcl/full_tri": (85.1, 89.8, 96.2, 96.9, 86.6),
        "tcl/stage1": (82.2, 87.4),
        "tcl/stage3": (82.6, 88.2),
        "tcl/stage23": (82.7, 88.2),
        "tcl/tse_N3": (82.4, 88.4),
        "tcl/tse_N4": (81.0, 87.0),
        "tcl/tse_h2": (81.8, 87.2),
        "tcl/h4": (82.0, 87.4),
        "tcl/h5": (81.7, 87.2),
        "tcl/base_dropblock": (79.8, 86.9),
        "tcl/base_re": (81.5, 86.6),
        "tcl/tse_re": (82.9, 88.1),
        "tcl/base_3d": (80.0, 86.1),
        "tcl/base_nl": (82.4, 87.6),
        "tcl/tse_nl": (82.6, 87.6),
    },
)
TCL_MARKET = Printed(_MARKET, {"tcl/market_base": (80.3,), "tcl/market_tse": (85.3,)})

TABLES = (
    GRL, GRL_RANKS, STMP, STMP_MARS, STMP_LS_VID, RGSAT, RGSAT_RANKS,
    GLTR, GLTR_RANKS, GLTR_RERANKED, GLTR_TRUNKS, TCL, TCL_MARKET,
)  # fmt: skip
HEADLINES = ("grl/full", "stmp/full", "rgsat/full", "gltr/full", "tcl/full_tri")

# people to learn and queries of the whole set, under the protocol that the figures belong to
WHOLE: Mapping[str, tuple[int, int]] = {
    "mars": (625, 1980),
    "duke_video": (702, 702),
    "ilids_vid": (150, 150),
    "prid2011": (89, 89),
    "ls_vid": (842, 3504),
}
SPLIT = ("ilids_vid", "prid2011")  # printed are means over ten splits, each learned from scratch


def printed(row: str, dataset: str) -> dict[str, float]:
    """{"mAP", "rank1", ..} in percent; empty where the paper printed none for this row on this data set."""
    return {
        figure: number
        for table in TABLES
        for (where, figure), number in zip(table.columns, table.rows.get(row, ()), strict=False)
        if where == dataset
    }
