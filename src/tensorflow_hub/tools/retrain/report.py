"""Writes the report of a retraining: one self-contained HTML page."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.tools.report.charts import Series, chart, interval_bar
from tensorflow_hub.tools.report.pages import render, svg, thumbnail
from tensorflow_hub.tools.retrain.card import EXAMPLE_INPUT
from tensorflow_hub.tools.retrain.outcome import Outcome

MAX_MISTAKES = 24


def report_html(outcome: Outcome) -> str:
    """Returns the HTML of the report."""
    return render(
        "retrain.html",
        title=outcome.output.resolve().name,
        outcome=outcome,
        evaluation=outcome.evaluation,
        kind=outcome.dataset.kind,
        multi_label=outcome.dataset.multi_label,
        loss_chart=svg(_loss_chart(outcome)),
        accuracy_chart=svg(_accuracy_chart(outcome)),
        more_data_chart=svg(_more_data_chart(outcome)),
        tuning_chart=svg(_tuning_chart(outcome)),
        bar=lambda share: svg(interval_bar(share.value, *share.interval)),
        mistakes=[_mistake(outcome, index) for index in outcome.evaluation.mistakes[:MAX_MISTAKES]],
        contradictions=outcome.dataset.same_content_other_labels(),
        usage=_usage(outcome),
    )


def _loss_chart(outcome: Outcome) -> str:
    curve = outcome.fit.curve
    lines = [Series("training", tuple((s.iteration, s.train_loss) for s in curve))]
    validation = tuple((s.iteration, s.validation_loss) for s in curve if s.validation_loss is not None)
    lines.append(Series("validation", validation))
    chosen = max(s.iteration for s in curve if s.penalty == outcome.fit.penalty)
    mark = (chosen, "chosen") if validation and outcome.options.penalty is None else None
    return chart("Loss by iteration", lines, "iteration", "loss, nats", mark=mark)


def _accuracy_chart(outcome: Outcome) -> str:
    points = tuple(
        (s.iteration, s.validation_accuracy) for s in outcome.fit.curve if s.validation_accuracy is not None
    )
    title = "Accuracy on the validation examples by iteration"
    return chart(title, [Series("validation", points)], "iteration", "validation accuracy", percent=True)


def _more_data_chart(outcome: Outcome) -> str:
    if len(outcome.more_data) < 2:
        return ""
    line = Series(
        "accuracy",
        tuple((count, share.value) for count, share in outcome.more_data),
        tuple(share.interval[0] for _, share in outcome.more_data),
        tuple(share.interval[1] for _, share in outcome.more_data),
    )
    title = "Accuracy by number of training examples"
    return chart(title, [line], "training examples", "accuracy", percent=True, markers=True, log_x=True)


def _tuning_chart(outcome: Outcome) -> str:
    if outcome.fine_tuning is None:
        return ""
    epochs = outcome.fine_tuning.epochs
    train = tuple((e.number, e.train_loss) for e in epochs if e.train_loss is not None)
    validation = tuple((e.number, e.validation_loss) for e in epochs if e.validation_loss is not None)
    lines = [Series("training", train), Series("validation", validation)]
    return chart("Loss by epoch of fine-tuning", lines, "epoch", "loss, nats", markers=True)


def _mistake(outcome: Outcome, index: int) -> dict[str, Any]:
    example, scores = outcome.measured[index], outcome.scores[index]
    if outcome.dataset.multi_label:
        said = ", ".join(label for label, score in zip(outcome.labels, scores, strict=True) if score > 0.5)
    else:
        said = outcome.labels[int(scores.argmax())]
    text = example.text or ""
    return {
        "name": example.name,
        "picture": thumbnail(example.path) if example.path else "",
        "text": text if len(text) <= 600 else text[:600] + "…",
        "said": said or "nothing",
        "score": float(scores.max()),
        "truth": ", ".join(example.labels) or "nothing",
    }


def _usage(outcome: Outcome) -> str:
    folder, kind = outcome.output, outcome.dataset.kind
    inputs = "photo.jpg another.png" if kind == "image" else '--text "One text" --text "Another"'
    return f"""tfhub label {folder} {inputs}

import tensorflow as tf
classifier = tf.saved_model.load("{folder}/model").signatures["serving_default"]
result = classifier({EXAMPLE_INPUT[kind]})
print(result["label"].numpy(), result["scores"].numpy())"""
