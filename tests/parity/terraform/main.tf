# What a team keeps around one function. The test applies it twice (as first written, then as `updated`), imports it and destroys it.
variable "name" { type = string }
variable "runtime" { type = string }
variable "packages" {
  type        = string
  description = "Folder with first.zip, second.zip and layer.zip"
}
variable "updated" {
  type    = bool
  default = false
}

locals {
  code  = "${var.packages}/${var.updated ? "second" : "first"}.zip"
  layer = "${var.packages}/layer.zip"
}

resource "aws_lambda_layer_version" "shared" {
  layer_name               = var.name
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_runtimes      = [var.runtime]
  compatible_architectures = ["x86_64"]
  description              = "What several functions share"
  license_info             = "MIT"
}

resource "aws_lambda_layer_version_permission" "everybody" {
  layer_name     = aws_lambda_layer_version.shared.layer_name
  version_number = aws_lambda_layer_version.shared.version
  statement_id   = "everybody"
  action         = "lambda:GetLayerVersion"
  principal      = "*"
}

resource "aws_lambda_code_signing_config" "main" {
  description = var.updated ? "Updated" : "First"
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/parity/AbCdEf1234"]
  }
  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
}

resource "aws_lambda_function" "main" {
  function_name                  = var.name
  role                           = "arn:aws:iam::000000000000:role/test"
  runtime                        = var.runtime
  handler                        = "f.handler"
  filename                       = local.code
  source_code_hash               = filebase64sha256(local.code)
  publish                        = true
  description                    = var.updated ? "Updated" : "First"
  memory_size                    = var.updated ? 256 : 128
  timeout                        = 7
  layers                         = [aws_lambda_layer_version.shared.arn]
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.main.arn
  tags                           = { team = "parity", stage = var.updated ? "second" : "first" }
  environment {
    variables = { COLOUR = var.updated ? "blue" : "red" }
  }
  ephemeral_storage {
    size = 1024
  }
  tracing_config {
    mode = "Active"
  }
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What callers call"
  function_name    = aws_lambda_function.main.function_name
  function_version = "1"
  dynamic "routing_config" {
    for_each = var.updated ? [0.25] : []
    content {
      additional_version_weights = { (aws_lambda_function.main.version) = routing_config.value }
    }
  }
}

resource "aws_lambda_alias" "newest" {
  name             = "newest"
  function_name    = aws_lambda_function.main.function_name
  function_version = aws_lambda_function.main.version
}

resource "aws_lambda_permission" "bucket" {
  statement_id   = "bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.main.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::bucket"
  source_account = "000000000000"
}

resource "aws_lambda_permission" "url" {
  statement_id           = "url"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.main.function_name
  qualifier              = aws_lambda_alias.live.name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.main.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  cors {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET", "POST"]
    max_age       = var.updated ? 600 : 60
  }
}

resource "aws_lambda_function_event_invoke_config" "main" {
  function_name                = aws_lambda_function.main.function_name
  maximum_retry_attempts       = var.updated ? 0 : 1
  maximum_event_age_in_seconds = 600
  destination_config {
    on_failure {
      destination = "arn:aws:sqs:us-east-1:000000000000:dead"
    }
  }
}

resource "aws_lambda_function_recursion_config" "main" {
  function_name  = aws_lambda_function.main.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_runtime_management_config" "main" {
  function_name     = aws_lambda_function.main.function_name
  qualifier         = "$LATEST"
  update_runtime_on = "FunctionUpdate"
}

resource "aws_lambda_provisioned_concurrency_config" "newest" {
  function_name                     = aws_lambda_function.main.function_name
  qualifier                         = aws_lambda_alias.newest.name
  provisioned_concurrent_executions = var.updated ? 2 : 1
}
