"""`hub.spark`: modules as functions on columns and data frames of Spark.

The driver finds the types of the columns in the module's description, without TensorFlow. Each Python worker
loads the module once. It uses as many threads as Spark gives cores to a task.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.spark_files import on_worker, send, task_cores
from tensorflow_hub.tools.choosing import encoder_calls
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.modules import Kind

_ONLY = ""  # the name of a single output


def udf(
    handle: str,
    *,
    kind: Kind = "text",
    outputs: Sequence[str] | None = None,
    skipped: str | None = None,
    batch_size: int | None = None,
    **module_options: Any,
) -> Any:
    """Returns a module as a function of a column: of texts, or of the bytes of image files.

    It is an Arrow UDF or, on Spark before 4.1, a pandas UDF.

    Args:
      handle: the module's handle. A module that is only on the disk of the driver is sent to the workers.
      kind: `text` for a column of strings, or `image` for a column of binary values.
      outputs: the outputs of the module to use; None for the usual one.
      skipped: the name of the field with the reasons why rows have no vector; None for no such field.
      batch_size: the largest number of rows in a batch.
      **module_options: options of the module: `signature`, `preprocessor`, `image_size`.

    Returns:
      A function from a column to a column of array<float>, with null for rows without a text, or with an
      image that cannot be decoded. With `outputs` or `skipped`, the column has structs: an array<float> for
      each output (`embedding` for the usual one), and a string for `skipped`.

    Raises:
      ModuleError: the module has no such output, or does not take such values.
      ResolveError: there is no such module.
      DataError: there is no Spark session.

    Example:
      df.withColumn("embedding", hub.spark.udf("acme/sentences/1")("text"))
    """
    functions = require("pyspark.sql.functions", "spark")
    columns = {name: name for name in outputs} if outputs else {_ONLY: "embedding"}
    call = _prepared(handle, kind, list(columns), batch_size, module_options)
    fields = _fields(columns.values(), skipped)
    lone = outputs is None and skipped is None
    result = fields[0].dataType if lone else require("pyspark.sql.types", "spark").StructType(fields)
    work = functools.partial(_structs, call, [] if lone else [field.name for field in fields])
    if hasattr(functions, "arrow_udf"):
        return _arrow_udf(work, result)
    return _pandas_udf(work, result, kind)


def _structs(call: Callable[[Any], list[Any]], names: Sequence[str], values: Any) -> Any:
    """Returns a column of structs with these fields or, without fields, of vectors."""
    import pyarrow as arrow

    found = call(values)
    return arrow.StructArray.from_arrays(found[: len(names)], list(names)) if names else found[0]


def _arrow_udf(work: Callable[[Any], Any], result: Any) -> Any:
    import pyarrow as arrow

    def arrays(values: Any) -> Any:
        yield from map(work, values)

    # Spark sees by these annotations that the column arrives in batches.
    arrays.__annotations__ = {"values": Iterator[arrow.Array], "return": Iterator[arrow.Array]}
    return require("pyspark.sql.functions", "spark").arrow_udf(arrays, result)


def _pandas_udf(work: Callable[[Any], Any], result: Any, kind: Kind) -> Any:
    import pandas
    import pyarrow as arrow

    type_of_values = arrow.string() if kind == "text" else arrow.binary()

    def series(values: Any) -> Any:
        for one in values:
            found = work(arrow.array(one, type_of_values, from_pandas=True))
            if arrow.types.is_struct(found.type):
                yield pandas.DataFrame(found.to_pylist(), columns=[field.name for field in found.type])
            else:
                yield found.to_pandas()

    made: Any = pandas.DataFrame if hasattr(result, "fields") else pandas.Series
    series.__annotations__ = {"values": Iterator[pandas.Series], "return": Iterator[made]}
    return require("pyspark.sql.functions", "spark").pandas_udf(series, result)


def apply(
    handle: str,
    *,
    input: str,
    output: str | Mapping[str, str] = "embedding",
    skipped: str | None = None,
    kind: Kind = "text",
    partitions: int | None = None,
    batch_size: int | None = None,
    **module_options: Any,
) -> Callable[[Any], Any]:
    """A module as a function of a data frame, for `DataFrame.transform`: adds a column, by `mapInArrow`.

    Args:
      handle: the module's handle. A module that is only on the disk of the driver is sent to the workers.
      input: the name of the column of texts, or of the bytes of image files.
      output: the name of the column to add or, for several outputs, a dict: output of the module → column.
      skipped: the name of a column to add for the reasons why rows have no vector; None for no such column.
      kind: `text` or `image`.
      partitions: the number of partitions to split the frame into. By default a frame with fewer partitions
        than Spark has cores is split, so that all cores have work.
      batch_size: the largest number of rows in a batch.
      **module_options: options of the module: `signature`, `preprocessor`, `image_size`.

    Returns:
      A function from a data frame to a data frame with more columns: array<float> for each output, with null
      for rows without a vector.

    Raises:
      ModuleError: the module has no such output, or does not take such values.
      ResolveError: there is no such module.
      DataError: there is no Spark session, the input column is missing, or the frame has one of the new
        columns already.

    Example:
      df.transform(hub.spark.apply("acme/sentences/1", input="text", output="embedding"))
    """
    types = require("pyspark.sql.types", "spark")
    columns = {_ONLY: output} if isinstance(output, str) else dict(output)
    call = _prepared(handle, kind, list(columns), batch_size, module_options)
    added = _fields(columns.values(), skipped)

    def transform(frame: Any) -> Any:
        _require_columns(frame, input, [field.name for field in added])
        schema = types.StructType([*frame.schema.fields, *added])
        work = functools.partial(_with_columns, call, input, schema.names)
        return _spread(frame, partitions).mapInArrow(work, schema)

    return transform


def _fields(vectors: Iterable[str], reasons: str | None) -> list[Any]:
    """The new fields of a Spark schema: columns of vectors, and a column of the reasons for skipped rows."""
    types = require("pyspark.sql.types", "spark")
    made = [types.StructField(name, types.ArrayType(types.FloatType())) for name in vectors]
    return made if reasons is None else [*made, types.StructField(reasons, types.StringType())]


def _prepared(
    handle: str, kind: Kind, outputs: list[str], batch_size: int | None, module_options: dict[str, Any]
) -> Callable[[Any], list[Any]]:
    """The function of the workers: from an Arrow array to an array for each output and one of reasons."""
    session = require("pyspark.sql", "spark").SparkSession.getActiveSession()
    if session is None:
        raise DataError(
            "Expected a Spark session, there is none.",
            hint="Make it first: SparkSession.builder.getOrCreate().",
        )
    options = {name: value for name, value in module_options.items() if value is not None}
    if outputs != [_ONLY]:
        options["output_key"] = tuple(outputs)
    encoder_calls(handle, kind, **options)
    module = send(session.sparkContext, handle)
    if options.get("preprocessor"):
        options["preprocessor"] = send(session.sparkContext, options["preprocessor"])
    return functools.partial(_columns_on_worker, module, kind, options, batch_size)


def _columns_on_worker(
    module: Any, kind: Kind, options: dict[str, Any], batch_size: int | None, values: Any
) -> list[Any]:
    from tensorflow_hub.tools.bulk.worker import columns_of, worker_computation

    local = {name: on_worker(value) for name, value in options.items()}
    computation = worker_computation(on_worker(module), kind, local, batch_size, task_cores())
    return columns_of(computation, values)


def _with_columns(call: Any, input: str, names: Sequence[str], batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as arrow

    for batch in batches:
        columns = [*batch.columns, *call(batch.column(input))]
        yield arrow.RecordBatch.from_arrays(columns[: len(names)], names=list(names))


def _require_columns(frame: Any, input: str, added: Sequence[str]) -> None:
    if input not in frame.columns:
        raise DataError(
            f"Expected a column {input!r}, the frame has {', '.join(map(repr, frame.columns))}.",
            hint="Name the column with input=.",
        )
    taken = [name for name in added if name in frame.columns]
    if taken:
        raise DataError(f"The frame has a column {taken[0]!r} already.", hint="Choose another name.")


def _spread(frame: Any, partitions: int | None) -> Any:
    """Returns the frame with enough partitions."""
    session = frame.sparkSession
    if partitions is not None:
        return frame.repartition(partitions)
    wanted = session.sparkContext.defaultParallelism
    # With adaptive execution, the number of partitions is only known after computing the frame.
    adaptive = session.conf.get("spark.sql.adaptive.enabled")
    session.conf.set("spark.sql.adaptive.enabled", "false")
    try:
        present = frame.select("*").rdd.getNumPartitions()
    finally:
        session.conf.set("spark.sql.adaptive.enabled", adaptive)
    return frame if present >= wanted else frame.repartition(wanted)
