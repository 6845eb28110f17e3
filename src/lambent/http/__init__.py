"""The HTTP/1.1 server under the AWS API and the Runtime API: asyncio.Protocol on uvloop and httptools."""
