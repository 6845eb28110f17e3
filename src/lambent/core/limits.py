"""Lambda's quotas, each a number with its unit (Developer Guide, page gettingstarted-limits; facts A8)."""

MEBIBYTE = 1024 * 1024

SYNCHRONOUS_PAYLOAD_BYTES = 6 * MEBIBYTE
ASYNCHRONOUS_PAYLOAD_BYTES = 1 * MEBIBYTE
INVOKE_ASYNC_PAYLOAD_BYTES = 256 * 1024
"""The legacy InvokeAsync operation."""
RESPONSE_PAYLOAD_BYTES = 6 * MEBIBYTE + 100
"""Checked on the runtime's answer (runtime interface emulator: 6 MiB + 100)."""
STREAMED_RESPONSE_BYTES = 200 * MEBIBYTE
"""Of a response that a runtime streams to a caller who takes it in pieces."""
REQUEST_HEAD_BYTES = 1 * MEBIBYTE
"""Request line and headers together."""
REQUEST_BODY_BYTES = 70 * MEBIBYTE
"""The cap of every control-plane body: a 50 MB zip in base64, with room for the JSON around it."""
LOG_TAIL_BYTES = 4096

ZIPPED_BYTES = 50 * MEBIBYTE
UNZIPPED_BYTES = 250 * MEBIBYTE
LAYERS_PER_FUNCTION = 5
ENVIRONMENT_VARIABLES_BYTES = 4096
IMAGE_SETTINGS_BYTES = 16 * 1024
"""ENTRYPOINT, CMD and WORKDIR of a container image together."""
CODE_STORAGE_BYTES = 300 * 1024 * MEBIBYTE
TAGS_PER_RESOURCE = 50

ACCOUNT_CONCURRENCY = 1000
MINIMUM_UNRESERVED_CONCURRENCY = 100

MEMORY_MIB = range(128, 10_240 + 1)
TIMEOUT_SECONDS = range(1, 900 + 1)
EPHEMERAL_STORAGE_MIB = range(512, 10_240 + 1)
MEMORY_MIB_PER_CPU = 1769
"""CPU grows with memory: 1,769 MB is one vCPU."""

INIT_SECONDS = 10.0
"""The init phase; past it init is run again in the first invoke, under the function's timeout."""
PROVISIONED_INIT_SECONDS = 130.0
"""The init phase of a provisioned environment: this, or the function's timeout where that is longer (facts E2)."""
PROCESSES = 1024
"""Processes and threads of one execution environment together."""
