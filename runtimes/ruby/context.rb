# The context object of a Ruby handler: Lambda's members (aws_lambda_ric, lambda_context.rb).

# frozen_string_literal: true

# What a handler learns of its invocation. `memory_limit_in_mb` is text, as in Lambda.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name, :memory_limit_in_mb,
              :function_version, :identity, :client_context, :deadline_ms, :tenant_id

  # `head`: the eight fields of an invoke frame. Raises JSON::ParserError for a client context or an identity that is not JSON.
  def initialize(head)
    @aws_request_id, _, deadline, @invoked_function_arn, _, client_context, identity, tenant_id = head
    @clock_diff = now(Process::CLOCK_REALTIME) - now(Process::CLOCK_MONOTONIC)
    @deadline_ms = deadline.to_i
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
    @identity = JSON.parse(identity) unless identity.empty?
    @client_context = JSON.parse(client_context) unless client_context.empty?
    @tenant_id = tenant_id unless tenant_id.empty?
  end

  # Milliseconds until the function's timeout, 0 or more.
  def get_remaining_time_in_millis
    remaining = @deadline_ms - now(Process::CLOCK_MONOTONIC) - @clock_diff
    remaining.positive? ? remaining : 0
  end

  private

  def now(clock)
    Process.clock_gettime(clock, :millisecond)
  end
end
