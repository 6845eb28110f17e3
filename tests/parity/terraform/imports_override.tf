# Merged into main.tf beside imports.tf: what the provider cannot read back from any server (the path of a file, its own
# skip_destroy), and would therefore change or replace after an import.
resource "aws_lambda_function" "main" {
  lifecycle {
    ignore_changes = [filename, publish, source_code_hash]
  }
}

resource "aws_lambda_layer_version" "shared" {
  lifecycle {
    ignore_changes = [filename, skip_destroy, source_code_hash]
  }
}

resource "aws_lambda_layer_version_permission" "everybody" {
  lifecycle {
    ignore_changes = [skip_destroy]
  }
}
