"""Published names of weights and ours."""

import pytest
from torchvision.models.vgg import cfgs, make_layers

from trainables.weights.published_names import own_name


@pytest.mark.parametrize(
    ("architecture", "published", "own"),
    [
        ("vgg16", "feature.0.weight", "units.conv1.0.weight"),
        ("vgg16", "feature.1.running_var", "units.conv1.1.running_var"),
        ("vgg16", "features.7.bias", "units.conv3.0.bias"),
        ("vgg16", "module.feature.24.weight", "units.conv8.0.weight"),
        ("vgg16", "feature.41.num_batches_tracked", "units.conv13.1.num_batches_tracked"),
        ("vgg16", "module.layer1.3.weight", "units.conv2.0.weight"),
        ("vgg16", "layer3.6.weight", "units.conv7.0.weight"),
        ("vgg16", "layer5.7.running_mean", "units.conv13.1.running_mean"),
        ("vgg16", "bn.weight", "neck.1.weight"),
        ("vgg16", "fc_layer.bias", "head.bias"),
        ("vgg16", "classifier.6.weight", None),
        ("vgg16", "features.2.weight", "features.2.weight"),
        ("ir152", "body.46.res_layer.3.weight", "units.body46.residual.3.weight"),
        ("ir152", "module.feature.body.0.shortcut_layer.0.weight", "units.body0.shortcut.0.weight"),
        ("facenet64", "input_layer.2.weight", "units.input_layer.2.weight"),
        ("facenet64", "output_layer.3.weight", "neck.3.weight"),
        ("facenet112", "feature.output_layer.3.weight", "neck.3.weight"),
        ("facenet112", "fc_layer.weight", "head.weight"),
        ("ir_se50", "body.3.res_layer.5.fc1.weight", "units.body3.residual.5.fc1.weight"),
        ("ir_se50", "output_layer.4.bias", "neck.embedding.4.bias"),
        ("resnet50", "layer3.5.downsample.0.weight", "units.layer3_5.downsample.0.weight"),
        ("resnest101", "conv1.6.weight", "units.stem.conv1.6.weight"),
        ("maxvit", "blocks.2.layers.4.layers.MBconv.layers.pre_norm.bias",
         "units.block2_4.layers.MBconv.layers.pre_norm.bias"),
        ("maxvit", "classifier.3.weight", "neck.3.weight"),
        ("maxvit", "classifier.5.weight", "head.weight"),
        ("inception_v3", "Mixed_5b.branch1x1.conv.weight", "units.Mixed_5b.branch1x1.conv.weight"),
        ("inception_v3", "AuxLogits.fc.weight", "aux.fc.weight"),
        ("face_resnet", "units.stem.0.weight", "units.stem.0.weight"),
    ],
)  # fmt: skip
def test_names(architecture: str, published: str, own: str | None) -> None:
    assert own_name(architecture, published) == own


def test_convolutions_of_vgg16_are_numbered_in_order() -> None:
    features = make_layers(cfgs["D"], batch_norm=True)
    names = [own_name("vgg16", f"features.{name}.weight") for name, layer in features.named_children()
             if hasattr(layer, "weight")]  # fmt: skip
    assert names == [f"units.conv{1 + number // 2}.{number % 2}.weight" for number in range(26)]
