# One function fed by a source of every kind. The test applies it twice (as first written, then as `updated`), and destroys it.
variable "function" { type = string }
variable "updated" {
  type    = bool
  default = false
}

locals {
  here   = "us-east-1:000000000000"
  secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = "arn:aws:sqs:${local.here}:${var.function}"
  function_name                      = var.function
  batch_size                         = var.updated ? 100 : 5
  maximum_batching_window_in_seconds = var.updated ? 3 : 0
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = { team = "parity", stage = var.updated ? "second" : "first" }
  filter_criteria {
    filter {
      pattern = jsonencode({ body = { count = [{ numeric = [">", 1] }] } })
    }
  }
  dynamic "scaling_config" {
    for_each = var.updated ? [] : [2]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
  metrics_config {
    metrics = ["EventCount"]
  }
}

resource "aws_lambda_event_source_mapping" "fifo" {
  event_source_arn = "arn:aws:sqs:${local.here}:${var.function}.fifo"
  function_name    = "arn:aws:lambda:${local.here}:function:${var.function}:live"
  enabled          = var.updated
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn               = "arn:aws:kinesis:${local.here}:stream/${var.function}"
  function_name                  = "arn:aws:lambda:${local.here}:function:${var.function}"
  starting_position              = "AT_TIMESTAMP"
  starting_position_timestamp    = "2026-01-02T03:04:05Z"
  parallelization_factor         = var.updated ? 3 : 2
  maximum_retry_attempts         = 5
  maximum_record_age_in_seconds  = 120
  bisect_batch_on_function_error = true
  destination_config {
    on_failure {
      destination_arn = "arn:aws:sqs:${local.here}:dead"
    }
  }
}

resource "aws_lambda_event_source_mapping" "table" {
  event_source_arn  = "arn:aws:dynamodb:${local.here}:table/${var.function}/stream/2026-01-01T00:00:00.000"
  function_name     = var.function
  starting_position = "TRIM_HORIZON"
}

resource "aws_lambda_event_source_mapping" "msk" {
  event_source_arn  = "arn:aws:kafka:${local.here}:cluster/${var.function}/0-1"
  function_name     = var.function
  topics            = ["topic"]
  starting_position = "LATEST"
  amazon_managed_kafka_event_source_config {
    consumer_group_id = "mine"
  }
  provisioned_poller_config {
    minimum_pollers = 1
    maximum_pollers = var.updated ? 4 : 3
  }
}

resource "aws_lambda_event_source_mapping" "kafka" {
  function_name     = var.function
  topics            = ["topic"]
  starting_position = "TRIM_HORIZON"
  self_managed_event_source {
    endpoints = {
      KAFKA_BOOTSTRAP_SERVERS = "a.example:9092,b.example:9092"
    }
  }
  source_access_configuration {
    type = "SASL_SCRAM_512_AUTH"
    uri  = local.secret
  }
}

resource "aws_lambda_event_source_mapping" "broker" {
  event_source_arn = "arn:aws:mq:${local.here}:broker:${var.function}:b-1"
  function_name    = var.function
  queues           = ["queue"]
  source_access_configuration {
    type = "BASIC_AUTH"
    uri  = local.secret
  }
  source_access_configuration {
    type = "VIRTUAL_HOST"
    uri  = "/"
  }
}

resource "aws_lambda_event_source_mapping" "documents" {
  event_source_arn  = "arn:aws:rds:${local.here}:cluster:${var.function}"
  function_name     = var.function
  starting_position = "LATEST"
  document_db_event_source_config {
    database_name = "db"
  }
  source_access_configuration {
    type = "BASIC_AUTH"
    uri  = local.secret
  }
}
