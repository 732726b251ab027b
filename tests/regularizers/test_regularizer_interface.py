import keras
import pytest

from ganzoo import regularizers

CLASSES = {
    "consistency": regularizers.Consistency,
    "dragan": regularizers.DRAGAN,
    "gradient_penalty": regularizers.GradientPenalty,
    "historical_averaging": regularizers.HistoricalAveraging,
    "lecam": regularizers.LeCam,
    "orthogonal": regularizers.Orthogonal,
    "path_length": regularizers.PathLength,
    "r1": regularizers.R1,
    "r2": regularizers.R2,
    "weight_clipping": regularizers.WeightClipping,
}
WEIGHT_PENALTIES = ["historical_averaging", "orthogonal"]
CONSTRAINTS = ["weight_clipping"]
LAZY = [name for name in CLASSES if name not in (*CONSTRAINTS, "lecam")]
CONFIGURED = [
    regularizers.Consistency(weight=5.0, fake_weight=2.0, transform="diff_augment", every=2),
    regularizers.DRAGAN(weight=5.0, target=0.0, noise="normal", variance=0.1, every=4),
    regularizers.HistoricalAveraging(weight=0.1, player="generator", every=2),
    regularizers.Orthogonal(weight=0.1, player="both", off_diagonal=False, every=2),
    regularizers.GradientPenalty(weight=5.0, target=0.0, every=4),
    regularizers.LeCam(weight=0.1, decay=0.5, start=10),
    regularizers.PathLength(weight=1.0, decay=0.5, batch_shrink=4, every=8),
    regularizers.R1(gamma=0.1, every=16),
    regularizers.R2(gamma=0.2, every=8),
    regularizers.WeightClipping(limit=0.03),
]


def test_every_regularizer_is_registered_by_the_name_it_logs():
    assert regularizers.names() == sorted(CLASSES)
    for name, regularizer_class in CLASSES.items():
        regularizer = regularizers.get(name)
        assert type(regularizer) is regularizer_class
        assert regularizer.name == name


def test_each_is_of_one_of_the_four_kinds():
    of_kind = {
        regularizers.WeightPenalty: WEIGHT_PENALTIES,
        regularizers.Constraint: CONSTRAINTS,
        regularizers.GeneratorPenalty: ["path_length"],
    }
    kinds = [regularizers.Penalty, *of_kind]
    for name, regularizer_class in CLASSES.items():
        found = [kind for kind, names in of_kind.items() if name in names]
        (kind,) = found or [regularizers.Penalty]
        assert [issubclass(regularizer_class, other) for other in kinds] == [
            other is kind for other in kinds
        ]


@pytest.mark.parametrize("name", WEIGHT_PENALTIES)
def test_a_cost_of_weights_is_of_one_player_or_of_both(name):
    for player, players in {
        "both": ("generator", "discriminator"),
        "generator": ("generator",),
        "discriminator": ("discriminator",),
    }.items():
        assert CLASSES[name](player=player).players == players
    with pytest.raises(ValueError, match="Received: player='critic'"):
        CLASSES[name](player="critic")


@pytest.mark.parametrize("regularizer", CONFIGURED, ids=lambda regularizer: regularizer.name)
def test_config_round_trip(regularizer):
    clone = regularizers.get(keras.saving.serialize_keras_object(regularizer))
    assert type(clone) is type(regularizer)
    assert clone.get_config() == regularizer.get_config()
    assert clone.get_config() != type(regularizer)().get_config()


def test_get_returns_an_instance_itself():
    assert regularizers.get(CONFIGURED[0]) is CONFIGURED[0]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"gradient_penalty.*r1.*Received: 'r3'"):
        regularizers.get("r3")


@pytest.mark.parametrize("identifier", [None, 3, regularizers.R1, {"class_name": "R1"}, ["r1"]])
def test_anything_else_is_refused(identifier):
    with pytest.raises(ValueError, match="Received: "):
        regularizers.get(identifier)


@pytest.mark.parametrize("name", LAZY)
@pytest.mark.parametrize("every", [0, -1, 1.5, "2", None, True])
def test_a_bad_every_is_refused(name, every):
    with pytest.raises(ValueError, match="Received: every="):
        CLASSES[name](every=every)


def test_a_regularizer_of_ones_own_must_do_its_work():
    class UnfinishedPenalty(regularizers.Penalty):
        pass

    class UnfinishedWeightPenalty(regularizers.WeightPenalty):
        pass

    class UnfinishedConstraint(regularizers.Constraint):
        pass

    with pytest.raises(NotImplementedError, match=r"UnfinishedPenalty.*penalty"):
        UnfinishedPenalty().penalty(None, None, None, None)
    with pytest.raises(NotImplementedError, match=r"UnfinishedWeightPenalty.*penalty"):
        UnfinishedWeightPenalty().penalty([], None)
    with pytest.raises(NotImplementedError, match=r"UnfinishedConstraint.*constrain"):
        UnfinishedConstraint().constrain([])
