# A function as anybody writes it for AWS Lambda.
require 'logger'

LOG = Logger.new($stdout)

def lambda_handler(event:, context:)
  LOG.info("saying hello, request #{context.aws_request_id}")
  { message: "Hello #{event.fetch('name', 'world')}!", remaining_ms: context.get_remaining_time_in_millis }
end
