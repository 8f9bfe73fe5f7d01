"""The protocol buffer messages in a module directory, with the fields that this package reads.

They are defined in a separate descriptor pool. TensorFlow registers messages of the same names in the default
pool, where a second registration would end the process. The wire format depends only on the numbers and
types of fields. The parser skips fields that are not listed here. Enums are read as numbers.

Sources: TensorFlow's `saved_model.proto`, `meta_graph.proto`, `graph.proto`, `saved_object_graph.proto`,
`struct.proto` and `tensor_bundle.proto`; for the TF1 Hub format docs/format.md.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from tensorflow_hub.errors import FormatError

_PACKAGE = "tensorflow_hub"

# Message → {field: (number, type)}. A type in [] is a repeated field, a type in {} a map from strings.
_MESSAGES: dict[str, dict[str, tuple[int, Any]]] = {
    # --- the TF1 Hub format ---
    "ModuleDef": {"format": (1, "int32"), "required_features": (2, ["string"])},
    "ModuleAttachment": {"key": (1, "string"), "value": (2, "bytes")},
    "ImageSize": {"height": (1, "int32"), "width": (2, "int32")},
    "ImageModuleInfo": {"default_image_size": (1, "ImageSize")},
    # --- a SavedModel ---
    "SavedModel": {"saved_model_schema_version": (1, "int64"), "meta_graphs": (2, ["MetaGraphDef"])},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "graph_def": (2, "GraphDef"),
        "collection_def": (4, {"CollectionDef"}),
        "signature_def": (5, {"SignatureDef"}),
        "asset_file_def": (6, ["AssetFileDef"]),
        "object_graph_def": (7, "SavedObjectGraph"),
    },
    "MetaInfoDef": {
        "tags": (4, ["string"]),
        "tensorflow_version": (5, "string"),
        "stripped_default_attrs": (7, "bool"),
    },
    "AssetFileDef": {"tensor_info": (1, "TensorInfo"), "filename": (2, "string")},
    "GraphDef": {"node": (1, ["NodeDef"]), "library": (2, "FunctionDefLibrary")},
    "NodeDef": {
        "name": (1, "string"),
        "op": (2, "string"),
        "input": (3, ["string"]),
        "attr": (5, {"AttrValue"}),
    },
    "AttrValue": {"list": (1, "AttrList"), "func": (10, "NameAttrList")},
    "AttrList": {"func": (9, ["NameAttrList"])},
    "NameAttrList": {"name": (1, "string")},
    "FunctionDefLibrary": {"function": (1, ["FunctionDef"])},
    "FunctionDef": {"signature": (1, "OpDef"), "node_def": (3, ["NodeDef"])},
    "OpDef": {"name": (1, "string")},
    "CollectionDef": {"node_list": (1, "NodeList"), "bytes_list": (2, "BytesList")},
    "NodeList": {"value": (1, ["string"])},
    "BytesList": {"value": (1, ["bytes"])},
    "VariableDef": {"variable_name": (1, "string"), "save_slice_info_def": (4, "SaveSliceInfoDef")},
    "SaveSliceInfoDef": {"full_name": (1, "string"), "full_shape": (2, ["int64"])},
    "SignatureDef": {
        "inputs": (1, {"TensorInfo"}),
        "outputs": (2, {"TensorInfo"}),
        "method_name": (3, "string"),
    },
    "TensorInfo": {
        "name": (1, "string"),
        "dtype": (2, "int32"),
        "tensor_shape": (3, "TensorShapeProto"),
        "coo_sparse": (4, "CooSparse"),
        "composite_tensor": (5, "CompositeTensor"),
    },
    "CooSparse": {
        "values_tensor_name": (1, "string"),
        "indices_tensor_name": (2, "string"),
        "dense_shape_tensor_name": (3, "string"),
    },
    "CompositeTensor": {"type_spec": (1, "TypeSpecProto"), "components": (2, ["TensorInfo"])},
    "TensorShapeProto": {"dim": (2, ["Dim"]), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
    # --- its object graph (TF2) ---
    "SavedObjectGraph": {
        "nodes": (1, ["SavedObject"]),
        "concrete_functions": (2, {"SavedConcreteFunction"}),
    },
    "SavedObject": {
        "children": (1, ["ObjectReference"]),
        "user_object": (4, "SavedUserObject"),
        "asset": (5, "SavedAsset"),
        "function": (6, "SavedFunction"),
        "variable": (7, "SavedVariable"),
    },
    "ObjectReference": {"node_id": (1, "int32"), "local_name": (2, "string")},
    "SavedUserObject": {"identifier": (1, "string"), "metadata": (3, "bytes")},
    "SavedAsset": {"asset_file_def_index": (1, "int32")},
    "SavedFunction": {"concrete_functions": (1, ["string"]), "function_spec": (2, "FunctionSpec")},
    "FunctionSpec": {"fullargspec": (1, "StructuredValue"), "is_method": (2, "bool")},
    "SavedVariable": {
        "dtype": (1, "int32"),
        "shape": (2, "TensorShapeProto"),
        "trainable": (3, "bool"),
        "name": (6, "string"),
    },
    "SavedConcreteFunction": {
        "canonicalized_input_signature": (3, "StructuredValue"),
        "output_signature": (4, "StructuredValue"),
    },
    "StructuredValue": {
        "none_value": (1, "NoneValue"),
        "float64_value": (11, "double"),
        "int64_value": (12, "sint64"),
        "string_value": (13, "string"),
        "bool_value": (14, "bool"),
        "tensor_shape_value": (31, "TensorShapeProto"),
        "tensor_dtype_value": (32, "int32"),
        "tensor_spec_value": (33, "TensorSpecProto"),
        "type_spec_value": (34, "TypeSpecProto"),
        "bounded_tensor_spec_value": (35, "TensorSpecProto"),
        "list_value": (51, "ValueList"),
        "tuple_value": (52, "ValueList"),
        "dict_value": (53, "ValueDict"),
        "named_tuple_value": (54, "NamedTuple"),
    },
    "NoneValue": {},
    "ValueList": {"values": (1, ["StructuredValue"])},
    "ValueDict": {"fields": (1, {"StructuredValue"})},
    "NamedTuple": {"name": (1, "string"), "values": (2, ["Pair"])},
    "Pair": {"key": (1, "string"), "value": (2, "StructuredValue")},
    "TensorSpecProto": {
        "name": (1, "string"),
        "shape": (2, "TensorShapeProto"),
        "dtype": (3, "int32"),
    },
    "TypeSpecProto": {
        "type_spec_class": (1, "int32"),
        "type_state": (2, "StructuredValue"),
        "type_spec_class_name": (3, "string"),
    },
    # --- a checkpoint's index ---
    "BundleHeader": {"num_shards": (1, "int32"), "endianness": (2, "int32")},
    "BundleEntry": {
        "dtype": (1, "int32"),
        "shape": (2, "TensorShapeProto"),
        "shard_id": (3, "int32"),
        "offset": (4, "int64"),
        "size": (5, "int64"),
        "slices": (7, ["TensorSlice"]),
    },
    "TensorSlice": {"extent": (1, ["Extent"])},
    "Extent": {"start": (1, "int64"), "length": (2, "int64")},
}
_PRESENCE = {"none_value", "int64_value", "string_value", "bool_value", "tensor_dtype_value", "float64_value"}


def _build() -> dict[str, type[message.Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="tensorflow_hub.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        descriptor = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(descriptor, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file) if not hasattr(pool, "AddSerializedFile") else pool.AddSerializedFile(
        file.SerializeToString()
    )
    return {name: _message_class(pool, f"{_PACKAGE}.{name}") for name in _MESSAGES}


def _add_field(descriptor: Any, name: str, number: int, kind: Any) -> None:
    repeated = isinstance(kind, (list, set))
    field = descriptor.field.add(name=name, number=number, label=3 if repeated else 1)
    if isinstance(kind, set):
        entry = descriptor.nested_type.add(name="".join(p.title() for p in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _set_type(entry.field.add(name="key", number=1, label=1), "string")
        _set_type(entry.field.add(name="value", number=2, label=1), next(iter(kind)))
        _set_type(field, f"{descriptor.name}.{entry.name}")
        return
    _set_type(field, kind[0] if repeated else kind)
    if name in _PRESENCE and not repeated:  # a zero in this field differs from a missing field
        field.proto3_optional = True
        descriptor.oneof_decl.add(name=f"_{name}")
        field.oneof_index = len(descriptor.oneof_decl) - 1


def _set_type(field: Any, kind: str) -> None:
    scalar = f"TYPE_{kind.upper()}"
    if scalar in descriptor_pb2.FieldDescriptorProto.Type.keys():  # noqa: SIM118
        field.type = descriptor_pb2.FieldDescriptorProto.Type.Value(scalar)
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _message_class(pool: Any, name: str) -> type[message.Message]:
    descriptor = pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    factory: Any = message_factory  # protobuf before 4.22
    kind: type[message.Message] = factory.MessageFactory(pool).GetPrototype(descriptor)
    return kind


_CLASSES = _build()


def message_class(name: str) -> Any:
    """The class of a message in the table above."""
    return _CLASSES[name]


def parse(name: str, data: bytes, what: str) -> Any:
    """Parses a message.

    Args:
      name: the name of the message in the table above.
      data: the message in wire format.
      what: the name of the file or value, for the error.

    Raises:
      FormatError: the data is not such a message.
      MemoryError: there is not enough memory for the message.

    >>> parse("ModuleDef", bytes([8, 3]), "tfhub_module.pb").format
    3
    """
    parsed = _CLASSES[name]()
    try:
        parsed.ParseFromString(data)
    except (message.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if "alloc failed" in str(error):  # the parser's error if it gets no memory
            raise MemoryError(f"{what} needs more memory than there is") from None
        raise FormatError(
            f"Expected a {name} message in {what}, "
            f"got {len(data):,} bytes that cannot be parsed ({error!s:.80}).",
            hint="The file is damaged or of another format. Export or download it again.",
        ) from None
    return parsed
