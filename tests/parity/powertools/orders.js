// A function as its makers' documentation has them: one handler per part of Powertools for AWS Lambda (TypeScript).
const { BatchProcessor, EventType, processPartialResponse } = require("@aws-lambda-powertools/batch");
const { Router } = require("@aws-lambda-powertools/event-handler/http");
const { Logger, correlationPaths } = require("@aws-lambda-powertools/logger");
const { search } = require("@aws-lambda-powertools/logger/correlationId");
const { Metrics, MetricUnit } = require("@aws-lambda-powertools/metrics");
const { Tracer } = require("@aws-lambda-powertools/tracer");

const logger = new Logger({ correlationIdSearchFn: search });
const metrics = new Metrics();
const tracer = new Tracer();
const processor = new BatchProcessor(EventType.SQS);
const app = new Router();

exports.logged = async (event, context) => {
  logger.addContext(context);
  logger.setCorrelationId(event, "requestContext.requestId");
  logger.info("order taken", { order: 7 });
};

exports.measured = async (event, context) => {
  metrics.setFunctionName(context.functionName);
  metrics.captureColdStartMetric();
  metrics.addMetric("OrdersTaken", MetricUnit.Count, 2);
  metrics.publishStoredMetrics();
};

exports.traced = async (event) => {
  const parent = tracer.getSegment();
  const segment = parent?.addNewSubsegment("## handler");
  if (segment) tracer.setSegment(segment);
  tracer.annotateColdStart();
  tracer.putAnnotation("order", event.order);
  segment?.close();
  if (parent) tracer.setSegment(parent);
  return { order: event.order, traced: true };
};

const take = async (record) => {
  if (Number.isNaN(Number(record.body))) throw new Error(`not a number: ${record.body}`);
};

exports.batched = async (event, context) => processPartialResponse(event, take, processor, { context });

app.get("/orders/:number", async ({ params }) => ({ order: params.number }));
app.post("/orders", async ({ req }) => {
  const { item } = await req.json();
  return new Response(JSON.stringify({ made: item }), { status: 201, headers: { "Content-Type": "application/json" } });
});

exports.routed = async (event, context) => app.resolve(event, context);
