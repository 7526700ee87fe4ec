"""The overlay holds the printed numbers as they are printed, and only groups that compare."""

from collections import Counter

from results.figures.palette import family_styles
from results.figures.printed_points import printed_groups
from results.paper import printed


def test_every_printed_pair_is_in_a_group_of_its_table() -> None:
    frame = printed("results")
    known = frame[frame["acc"].notna() & frame["att_acc"].notna()]
    keys = ["source", "attack", "d_priv", "target"]
    sizes = known.fillna({"d_priv": "", "target": ""}).groupby(keys).size()
    groups = {group.key: group for group in printed_groups()}
    assert Counter({"-".join(key): size for key, size in sizes.items() if size > 1}) == {
        key: len(group.points) for key, group in groups.items()
    }


def test_values_are_those_of_the_paper() -> None:
    group = next(group for group in printed_groups() if group.key == "table1-brepmi-celeba-vgg16")
    assert group.label == "Table 1: BREP-MI, VGG16, CelebA"
    assert [(point.family, point.acc, point.att_acc) for point in group.points] == [
        ("no_def", 89.0, 69.67),
        ("bido_hsic", 80.35, 39.73),
        ("tl_dmi", 83.41, 42.0),
    ]


def test_every_family_has_a_style_of_its_own() -> None:
    families = {point.family for group in printed_groups() for point in group.points}
    styles = family_styles(())
    assert len({styles[family] for family in families}) == len(families)
