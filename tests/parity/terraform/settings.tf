# Every setting of a function that the provider knows, on a function from a zip and on one from an image, given and then taken away.
variable "name" { type = string }
variable "runtime" { type = string }
variable "package" { type = string }
variable "image" { type = string }
variable "given" {
  type        = bool
  default     = true
  description = "Whether the settings are given; else all is at its default"
}

locals {
  role   = "arn:aws:iam::000000000000:role/test"
  key    = "arn:aws:kms:us-east-1:000000000000:key/k"
  blocks = var.given ? [1] : []
}

resource "aws_lambda_function" "zip" {
  function_name    = var.name
  role             = local.role
  runtime          = var.runtime
  handler          = "f.handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  kms_key_arn      = var.given ? local.key : null
  memory_size      = var.given ? 512 : 128
  timeout          = var.given ? 30 : 3

  dynamic "vpc_config" {
    for_each = local.blocks
    content {
      subnet_ids                  = ["subnet-1", "subnet-2"]
      security_group_ids          = ["sg-1"]
      ipv6_allowed_for_dual_stack = true
    }
  }
  dynamic "file_system_config" {
    for_each = local.blocks
    content {
      arn              = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
      local_mount_path = "/mnt/data"
    }
  }
  dynamic "dead_letter_config" {
    for_each = local.blocks
    content {
      target_arn = "arn:aws:sqs:us-east-1:000000000000:dead"
    }
  }
  dynamic "environment" {
    for_each = local.blocks
    content {
      variables = { COLOUR = "red" }
    }
  }
  tracing_config {
    mode = var.given ? "Active" : "PassThrough"
  }
  ephemeral_storage {
    size = var.given ? 1024 : 512
  }
  logging_config {
    log_format            = var.given ? "JSON" : "Text"
    application_log_level = var.given ? "DEBUG" : null
    system_log_level      = var.given ? "WARN" : null
    log_group             = var.given ? "/mine" : "/aws/lambda/${var.name}"
  }
}

resource "aws_lambda_function" "image" {
  function_name = "${var.name}-image"
  role          = local.role
  package_type  = "Image"
  image_uri     = var.image
  architectures = ["arm64"]
  publish       = true

  dynamic "image_config" {
    for_each = local.blocks
    content {
      command           = ["app.handler"]
      entry_point       = ["/lambda-entrypoint.sh"]
      working_directory = "/srv"
    }
  }
  dynamic "snap_start" {
    for_each = local.blocks
    content {
      apply_on = "PublishedVersions"
    }
  }
}
