"""The HTTP/1.1 server: an asyncio protocol on httptools, used for the AWS API and for the Runtime API inside sandboxes."""

from lambent.http.message import Admit, HttpHandler, HttpLimits, Request, Response
from lambent.http.protocol import HttpProtocol
from lambent.http.server import HttpServer

__all__ = ["Admit", "HttpHandler", "HttpLimits", "HttpProtocol", "HttpServer", "Request", "Response"]
