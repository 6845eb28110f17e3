# Beside main.tf in a folder without state: everything that main.tf describes is taken over from the server.
locals {
  function_arn = "arn:aws:lambda:us-east-1:000000000000:function:${var.name}"
  layer_arn    = "arn:aws:lambda:us-east-1:000000000000:layer:${var.name}:1"
}

import {
  to = aws_lambda_layer_version.shared
  id = local.layer_arn
}

import {
  to = aws_lambda_layer_version_permission.everybody
  id = "${var.name},1"
}

import {
  to = aws_lambda_function.main
  id = var.name
}

import {
  to = aws_lambda_alias.live
  id = "${var.name}/live"
}

import {
  to = aws_lambda_alias.newest
  id = "${var.name}/newest"
}

import {
  to = aws_lambda_permission.bucket
  id = "${var.name}/bucket"
}

import {
  to = aws_lambda_permission.url
  id = "${var.name}:live/url"
}

import {
  to = aws_lambda_function_url.live
  id = "${var.name}/live"
}

import {
  to = aws_lambda_function_event_invoke_config.main
  id = var.name
}

import {
  to = aws_lambda_function_recursion_config.main
  id = var.name
}

import {
  to = aws_lambda_runtime_management_config.main
  id = "${var.name},$LATEST"
}

variable "signing_config" {
  type        = string
  description = "ARN: the service chooses it"
}

import {
  to = aws_lambda_code_signing_config.main
  id = var.signing_config
}

import {
  to = aws_lambda_provisioned_concurrency_config.newest
  id = "${var.name},newest"
}
