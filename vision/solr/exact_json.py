"""JSON as pysolr is to write and read it."""

from __future__ import annotations

from typing import Any

import orjson


class ExactJson:
    """What pysolr calls as encoder and decoder: orjson knows NumPy's arrays and keeps float32 exactly."""

    @staticmethod
    def encode(value: Any) -> str:
        """As JSON.

        Raises:
            TypeError: it holds what JSON does not have.
        """
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    @staticmethod
    def decode(text: str) -> Any:
        """What JSON says.

        Raises:
            ValueError: it is none.
        """
        return orjson.loads(text)
