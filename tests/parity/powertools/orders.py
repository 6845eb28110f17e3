"""A function as its makers' documentation has them: one handler per part of Powertools for AWS Lambda (Python)."""

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

logger = Logger()
metrics = Metrics()
tracer = Tracer()
processor = BatchProcessor(event_type=EventType.SQS)
app = APIGatewayRestResolver()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def logged(event, context):
    logger.info("order taken", extra={"order": 7})


@metrics.log_metrics(capture_cold_start_metric=True)
def measured(event, context):
    metrics.add_metric(name="OrdersTaken", unit=MetricUnit.Count, value=2)


@tracer.capture_method
def look_up(order):
    tracer.put_annotation(key="order", value=order)
    return {"order": order, "traced": True}


@tracer.capture_lambda_handler
def traced(event, context):
    return look_up(event["order"])


def take(record):
    int(record.body)


def batched(event, context):
    return process_partial_response(event=event, record_handler=take, processor=processor, context=context)


@app.get("/orders/<number>")
def find(number):
    return {"order": number}


@app.post("/orders")
def make():
    return {"made": app.current_event.json_body["item"]}, 201


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def routed(event, context):
    return app.resolve(event, context)
