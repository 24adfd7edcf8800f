"""The networks of ``keras.applications`` that are extractors, and the weights files published for them.

File names, addresses and MD5 sums are those that Keras itself asks for and checks; sizes are what it reports while it
downloads. Adding a network of ``keras.applications`` is one entry in :data:`NETWORKS` and one in the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_SERVER: Final = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class WeightsFile:
    """A published weights file.

    Attributes:
        network: whose weights, as messages call it.
        name: the file's name, in the models folder and in the Keras cache.
        url: where Keras downloads it from.
        bytes: its size.
        md5: what Keras checks it against; None where Keras checks nothing, and only the size is compared.
    """

    network: str
    name: str
    url: str
    bytes: int
    md5: str | None


@dataclass(frozen=True)
class Network:
    """One network of ``keras.applications``.

    Attributes:
        name: in the registry.
        constructor: in ``keras.applications``.
        side: height and width of what it sees, in pixels.
        scale: how pixels are scaled, of :data:`vision.extractors.scaling.SCALES`.
        dims: length of its average-pooled last feature map, which is taken where no layer is named.
        licence: of the weights.
        source: who trained them, on what.
        headless: the weights without the classifier.
        whole: the weights with it.
        head: layers that only the whole network has, and how many values they give.
    """

    name: str
    constructor: str
    side: int
    scale: str
    dims: int
    licence: str
    source: str
    headless: WeightsFile
    whole: WeightsFile
    head: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({"predictions": 1000}))

    def file(self, layer: str | None) -> WeightsFile:
        """The weights file that ``layer`` needs."""
        return self.whole if layer in self.head else self.headless

    def preprocessing(self, layer: str | None) -> str:
        """What happens to a picture, in words: a part of the fingerprint, so never to be changed."""
        taken = "" if layer is None else f"; layer {layer}"
        return f"bilinear to {self.side}x{self.side}; scale {self.scale}{taken}"


def _weights(network: str, path: str, size: int, md5: str | None) -> WeightsFile:
    return WeightsFile(network, path.rpartition("/")[2], f"{_SERVER}/{path}", size, md5)


_INCEPTION: Final = "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels"
_RESNET: Final = "resnet/resnet50_weights_tf_dim_ordering_tf_kernels"
_VGG: Final = "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels"
_MOBILENET: Final = "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224"

_ALL: Final = (
    Network(
        "inception_v3",
        "InceptionV3",
        side=299,
        scale="inception",
        dims=2048,
        licence="Apache-2.0",
        source="Szegedy and others (2015), ImageNet; keras.applications",
        headless=_weights("InceptionV3", f"{_INCEPTION}_notop.h5", 87_910_968, "bcbd6486424b2319ff4ef7d526e38f63"),
        whole=_weights("InceptionV3", f"{_INCEPTION}.h5", 96_112_376, "9a0d58056eeedaa3f26cb7ebd46da564"),
    ),
    Network(
        "resnet50",
        "ResNet50",
        side=224,
        scale="caffe",
        dims=2048,
        licence="MIT",
        source="He and others (2015), ImageNet; keras.applications",
        headless=_weights("ResNet50", f"{_RESNET}_notop.h5", 94_765_736, "4d473c1dd8becc155b73f8504c6f6626"),
        whole=_weights("ResNet50", f"{_RESNET}.h5", 102_967_424, "2cb95161c43110f7111970584f804107"),
    ),
    Network(
        "vgg16",
        "VGG16",
        side=224,
        scale="caffe",
        dims=512,
        licence="CC-BY-4.0",
        source="Simonyan and Zisserman, VGG, Oxford (2014), ImageNet; keras.applications",
        headless=_weights("VGG16", f"{_VGG}_notop.h5", 58_889_256, "6d6bbae143d832006294945121d1f1fc"),
        whole=_weights("VGG16", f"{_VGG}.h5", 553_467_096, "64373286793e3c8b2b4e3219cbf3544b"),
        head=MappingProxyType({"flatten": 25_088, "fc1": 4096, "fc2": 4096, "predictions": 1000}),
    ),
    Network(
        "mobilenet_v2",
        "MobileNetV2",
        side=224,
        scale="inception",
        dims=1280,
        licence="Apache-2.0",
        source="Sandler and others (2018), ImageNet; keras.applications",
        headless=_weights("MobileNetV2", f"{_MOBILENET}_no_top.h5", 9_406_464, None),
        whole=_weights("MobileNetV2", f"{_MOBILENET}.h5", 14_536_120, None),
    ),
)

NETWORKS: Final[Mapping[str, Network]] = MappingProxyType({network.name: network for network in _ALL})
