"""The tables of a store: one Arrow schema each. Readers pass it: missing columns are null, never lost."""

import pyarrow as pa

SCHEMA_VERSION = 3
"""Raised whenever a column changes its meaning or type; a store of another version is refused."""


def _fields(**types: pa.DataType) -> list[pa.Field]:
    return [pa.field(name, kind) for name, kind in types.items()]


_PROVENANCE = _fields(
    seconds=pa.float64(),  # wall time of the unit
    cpu_seconds=pa.float64(),
    host=pa.string(),
    device=pa.string(),
    versions=pa.string(),  # JSON: package -> version
    git_sha=pa.string(),
    finished_at=pa.timestamp("us", tz="UTC"),
)
PROVENANCE_COLUMNS = tuple(field.name for field in _PROVENANCE)
"""Columns that differ between two identical runs; everything else repeats bit for bit."""

_DEFENSE = _fields(
    defense=pa.string(),  # kinds of its parts joined by +; no_def
    label=pa.string(),  # published names and parameters, or the name of a control
    defense_settings=pa.string(),  # canonical JSON: the parts with their values
    defense_parts=pa.string(),  # canonical JSON: how parts and parameters are called, where parts act
    control=pa.string(),  # none | permuted_labels | untrained
    seed=pa.int64(),  # of the training of T
)

TARGETS = pa.schema(
    [
        *_fields(target_id=pa.string(), status=pa.string(), reason=pa.string()),  # status: done | failed
        *_DEFENSE,
        *_fields(
            config_id=pa.string(),  # identity of the configuration without its seed
            config=pa.string(),  # canonical JSON of the TargetConfig
            data=pa.string(),
            data_hash=pa.string(),
            classes=pa.int32(),
            train_images=pa.int32(),
            test_images=pa.int32(),
            architecture=pa.string(),
            pretrained=pa.string(),
            freezes_random_layers=pa.bool_(),  # its defence keeps random weights, unlike the paper's TL-DMI
            recipe=pa.string(),  # name of the recipe that the settings started from
            epochs=pa.int32(),  # epochs trained
            steps=pa.int64(),  # steps of the optimiser in them
            selection=pa.string(),  # last | validation_best | test_best
            selected_epoch=pa.int32(),  # whose weights T has, from 0
            theta_t=pa.int64(),  # parameters of T
            theta_c=pa.int64(),  # parameters still trained
            acc=pa.float64(),  # natural accuracy on D_priv test, 0..1
            train_acc=pa.float64(),  # on the training pictures, after the training
            curve_train_acc=pa.float64(),  # on them while T was trained, in the selected epoch
            val_acc=pa.float64(),  # of the selected epoch, on held-out training pictures; null without
            training_seconds=pa.float64(),  # wall time of the epochs alone, what Table 13 compares
            artifact=pa.string(),  # weights, relative to the store
            artifact_sha256=pa.string(),
        ),
        *_PROVENANCE,
    ]
)

ATTACKS = pa.schema(
    [
        *_fields(
            attack_id=pa.string(),
            target_id=pa.string(),
            config_id=pa.string(),
            status=pa.string(),
            reason=pa.string(),
            attack=pa.string(),
            attack_label=pa.string(),  # its published name
        ),
        *_DEFENSE,
        *_fields(
            attack_seed=pa.int64(),
            attack_settings=pa.string(),  # canonical JSON
            budget_factor=pa.float64(),  # optimised pictures of a class, as a share of the published attack's
            generator_id=pa.string(),
            classes=pa.int32(),
            attacked_classes=pa.int32(),
            restarts=pa.int32(),
            reconstructions=pa.int32(),  # rows judged; classes never hit count as failures
            classes_without_start=pa.int32(),  # classes for which the attack found no start
            chance=pa.float64(),  # 1 / classes
            acc=pa.float64(),  # of T, repeated here for reading one table
            evaluator=pa.string(),  # headline evaluator
            evaluator_acc=pa.float64(),  # on real D_priv test pictures
            att_acc=pa.float64(),  # top-1, headline evaluator, all restarts
            att_acc_top5=pa.float64(),
            att_acc_low=pa.float64(),  # 95 % bootstrap interval over classes
            att_acc_high=pa.float64(),
            att_acc_restart_sd=pa.float64(),  # sample sd over restarts; null with one restart
            second_evaluator=pa.string(),
            second_evaluator_acc=pa.float64(),
            second_att_acc=pa.float64(),
            second_att_acc_top5=pa.float64(),
            target_confidence=pa.float64(),  # mean P_T of the attacked class on 8-bit images
            knn_distance=pa.float64(),  # mean squared l2 to the nearest private training feature of the class
            centroid_distance=pa.float64(),  # mean squared l2 to the class's mean private training feature
            fid=pa.float64(),  # Frechet distance to private training pictures of the attacked classes
            kid=pa.float64(),  # kernel distance, the same sets and features
            fid_features=pa.string(),  # the network that gives the features of fid and kid
            fid_images=pa.int32(),  # reconstructions compared by fid and kid
            lpips=pa.float64(),  # mean over rows of the smallest LPIPS to a private picture of the class
            lpips_network=pa.string(),
            evaluator_false_positive=pa.float64(),  # E: share of public pictures given an attacked class with
            # at least the median score of its test pictures
            evaluator_deceived_classes=pa.float64(),  # E: share of attacked classes that one of them is given
            second_evaluator_false_positive=pa.float64(),
            second_evaluator_deceived_classes=pa.float64(),
            preparation_seconds=pa.float64(),  # building of its pieces of this T, from their rows
            micro_batch=pa.int32(),  # rows side by side; fewer than asked for if memory lacked
            queries=pa.int64(),  # forward passes of T on one image each
            attribute_checks=pa.string(),  # JSON: attribute -> guess (share of the attacked classes that have
            # the commonest value of D_pub) and evaluator_acc; null where E reads no attributes
            sheet=pa.string(),  # PNG sheet of reconstructions, relative to the store
            attack_seconds=pa.float64(),
            judging_seconds=pa.float64(),
        ),
        *_PROVENANCE,
    ]
)
TIMING_COLUMNS = (
    *PROVENANCE_COLUMNS,
    "training_seconds",
    "attack_seconds",
    "judging_seconds",
    "preparation_seconds",
)

RECONSTRUCTIONS = pa.schema(
    _fields(
        attack_id=pa.string(),
        target_id=pa.string(),
        attack=pa.string(),
        class_index=pa.int32(),
        class_name=pa.string(),
        restart=pa.int32(),
        found=pa.bool_(),  # False: no start was found, the row is a failure without a picture
        target_confidence=pa.float64(),
        predicted=pa.int32(),  # class the headline evaluator gives
        rank=pa.int32(),  # rank of the attacked class by the headline evaluator, 0 is top-1
        second_predicted=pa.int32(),
        second_rank=pa.int32(),
        knn_distance=pa.float64(),
        centroid_distance=pa.float64(),
        lpips=pa.float64(),
        queries=pa.int64(),
        measured=pa.string(),  # canonical JSON: what this attack alone measures of a row, by name
        attributes=pa.string(),  # JSON: attribute -> [the person's value, the value that E reads]
        sheet=pa.string(),
        sheet_row=pa.int32(),
        sheet_column=pa.int32(),
    )
)

CURVES = pa.schema(
    _fields(
        target_id=pa.string(),
        epoch=pa.int32(),
        name=pa.string(),  # loss, train_acc, learning_rate, ... and what parts of the defence record
        value=pa.float64(),  # mean over the epoch's batches, accuracy or learning rate
    )
)

GENERATORS = pa.schema(
    [
        *_fields(
            generator_id=pa.string(),
            config=pa.string(),  # canonical JSON of the PriorConfig
            data=pa.string(),
            data_hash=pa.string(),
            public_images=pa.int32(),  # pictures of D_pub
            fid=pa.float64(),  # Frechet distance of samples to public pictures
            kid=pa.float64(),  # kernel distance, the same sets and features
            fid_features=pa.string(),  # the network that gives the features of fid and kid
            fid_images=pa.int32(),  # samples compared with public pictures
            sheet=pa.string(),  # PNG grid of samples, relative to the store
        ),
        *_PROVENANCE,
    ]
)

PIECES = pa.schema(
    [
        *_fields(
            piece_id=pa.string(),
            kind=pa.string(),  # prior, evaluator, inversion_gan, student, feature_mean, ...
            name=pa.string(),  # what screens call it
            target_id=pa.string(),  # of the T that it was made of; null for one that all T share
            status=pa.string(),  # done | failed
            reason=pa.string(),
            settings=pa.string(),  # canonical JSON of what decides it beside its T; null for a shared piece
            config=pa.string(),  # canonical JSON of the piece
            made_of=pa.string(),  # JSON: identity of a needed piece -> SHA-256 of its file at that time
            measured=pa.string(),  # JSON: what was measured of it, by name
            artifact=pa.string(),  # its file, relative to the store
            artifact_sha256=pa.string(),
        ),
        *_PROVENANCE,
    ]
)

TRIALS = pa.schema(
    _fields(
        sweep_id=pa.string(),
        number=pa.int32(),  # order of proposal
        role=pa.string(),  # search | confirmation | control
        trial_id=pa.string(),
        target_id=pa.string(),
        config_id=pa.string(),
        attack_ids=pa.list_(pa.string()),
        state=pa.string(),  # done | failed
        reason=pa.string(),
        acc=pa.float64(),
        worst_att_acc=pa.float64(),  # over the space's attacks, headline evaluator
    )
)

SCHEMAS: dict[str, pa.Schema] = {
    "targets": TARGETS,
    "attacks": ATTACKS,
    "reconstructions": RECONSTRUCTIONS,
    "curves": CURVES,
    "generators": GENERATORS,
    "pieces": PIECES,
    "analyses": PIECES,
    "trials": TRIALS,
}
"""Schema of each table. The unit that names a part: target_id, attack_id (attacks, reconstructions),
target_id (curves), ``<generator_id>-<features>`` (generators), piece_id (pieces, analyses),
``<sweep_id>-<number>`` (trials)."""
