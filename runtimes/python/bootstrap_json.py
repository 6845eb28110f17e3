"""Event bytes to Python values and results to JSON text, exactly as Lambda's runtime client does, at C speed.

Lambda's client uses simplejson (awslambdaric 4.2.2, lambda_runtime_marshaller.py), which is not in the standard library. Where
the two differ, a slower way is taken only by results that need it: named tuples and whatever has `_asdict` become objects, bytes
become text (also as keys), a Decimal keeps its digits. Events may not hold NaN or Infinity.
"""

import binascii
import decimal
import json
import os
from json import encoder as json_encoder

from bootstrap_errors import MARSHAL_ERROR, UNMARSHAL_ERROR, FaultException

_UNESCAPED = frozenset("AWS_Lambda_python3." + minor for minor in ("12", "13", "14", "15"))
_SCALARS = frozenset((str, int, float, bool, type(None)))


def _refuse_constant(name):
    raise ValueError("Expecting value: " + name)


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_scan = json.JSONDecoder(parse_constant=_refuse_constant).scan_once


def unmarshal(body):
    """The event in these bytes. Raises FaultException (Runtime.UnmarshalError)."""
    try:
        text = str(body, "utf-8")
        try:
            event, end = _scan(text, 0)
        except StopIteration:
            end = -1
        # White space around it, a byte order mark or a mistake: the thorough way knows what to do.
        return event if end == len(text) else _decode(text.lstrip("\ufeff"))
    except Exception as error:
        raise FaultException(UNMARSHAL_ERROR, "Unable to unmarshal input: " + str(error)) from None


class Marshaller:
    """Results to JSON text. The execution environment decides whether text beyond ASCII is escaped: before Python 3.12 it is."""

    def __init__(self, execution_environment):
        ascii_only = execution_environment not in _UNESCAPED
        self._markers = {}
        self._decimals = False
        self._token = ""
        encode_text = json_encoder.encode_basestring_ascii if ascii_only else json_encoder.encode_basestring
        try:
            scan = json_encoder.c_make_encoder(self._markers, self._default, encode_text, None, ": ", ", ", False, False, True)
            self._encode = lambda value: "".join(scan(value, 0))
            self._encode([])
        except TypeError:  # no C accelerator, or another signature of it
            self._encode = json.JSONEncoder(ensure_ascii=ascii_only, default=self._default).encode

    def encode(self, value):
        """JSON text of anything. Raises what the encoder meets: TypeError, ValueError, RecursionError."""
        try:
            text = self._encode(value)
            if _holds_named_tuple(value):
                text = self._encode(_rebuilt(value, frozenset()))
        except TypeError as error:
            self._markers.clear()
            if "keys must be" not in str(error):
                raise
            text = self._encode(_rebuilt(value, frozenset()))
        finally:
            self._markers.clear()
        return self._with_decimals(text) if self._decimals else text

    def marshal(self, response):
        """A handler's result as JSON text, or bytes as they are. Raises FaultException (Runtime.MarshalError)."""
        if isinstance(response, bytes):
            return response
        try:
            return self.encode(response)
        except Exception as error:
            raise FaultException(MARSHAL_ERROR, "Unable to marshal response: " + str(error)) from None

    def _default(self, value):
        if isinstance(value, bytes):
            return str(value, "utf-8")
        if isinstance(value, decimal.Decimal):
            return float("nan") if value.is_nan() else self._marked(value)
        as_dictionary = getattr(value, "_asdict", None)
        if callable(as_dictionary):
            return _rebuilt(as_dictionary(), frozenset())
        raise TypeError("Object of type " + type(value).__name__ + " is not JSON serializable")

    def _marked(self, value):
        """Text that `_with_decimals` takes out of its quotes again: the C encoder cannot write raw digits."""
        self._decimals = True
        self._token = self._token or binascii.hexlify(os.urandom(16)).decode()
        return self._token + str(value) + self._token

    def _with_decimals(self, text):
        self._decimals = False
        return text.replace('"' + self._token, "").replace(self._token + '"', "")


def _holds_named_tuple(value):
    """Whether an (acyclic, already encoded) value holds something that must become an object but is encoded as an array."""
    kind = type(value)
    if kind in _SCALARS:
        return False
    if kind is dict:
        value = value.values()
    elif kind is not list:
        if callable(getattr(value, "_asdict", None)) and not isinstance(value, list):
            return True
        if not isinstance(value, (dict, list, tuple)):
            return False
        value = value.values() if isinstance(value, dict) else value
    for member in value:
        if type(member) not in _SCALARS and _holds_named_tuple(member):
            return True
    return False


def _rebuilt(value, above):
    """The same value of plain dicts and lists, with text for keys of bytes."""
    as_dictionary = None if isinstance(value, list) else getattr(value, "_asdict", None)
    if callable(as_dictionary):
        value = as_dictionary()
    if not isinstance(value, (dict, list, tuple)):
        return value
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above = above | {id(value)}
    if isinstance(value, dict):
        return {_key(key): _rebuilt(member, above) for key, member in value.items()}
    return [_rebuilt(member, above) for member in value]


def _key(key):
    if isinstance(key, bytes):
        return str(key, "utf-8")
    if key is None or isinstance(key, (str, int, float)):
        return key
    raise TypeError("keys must be str, int, float, bool or None, not " + type(key).__name__)
