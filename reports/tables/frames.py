"""Arrow tables as DataFrames.

Rule: the one module of the tables that imports pandas; it is imported when the first frame is asked for.
"""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Text columns of few distinct values, in any table.
_CATEGORIES = {
    *("kind", "status", "format", "sent", "api", "outcome", "code", "meter", "operation", "region"),
    *("name", "parent_name", "categories", "parents", "type", "scope", "emotion", "gender", "known_gender"),
    *("simplified_color", "css_color", "body_part", "equipment", "moderation_label", "color_name"),
}
_DTYPES: dict[pa.DataType, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


def frame(table: pa.Table) -> pd.DataFrame:
    """Categoricals, nullable integers and booleans, UTC times; plain floats; text as pandas strings."""
    for index, field in enumerate(table.schema):
        if field.name in _CATEGORIES and pa.types.is_string(field.type):
            table = table.set_column(index, field.name, pc.dictionary_encode(table.column(index)))
    made: pd.DataFrame = table.to_pandas(types_mapper=_DTYPES.get)
    return made
