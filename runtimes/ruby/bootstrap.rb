# Lambent's Ruby client: loads a handler and answers invocations over the frame protocol (docs/frame-protocol.md).
#
# It runs inside the sandbox as a program, Ruby 3.2 to 4.0, on the standard library alone: the channel is descriptor 3, the telemetry
# pipe 4. Behaviour is that of Lambda's own client, the gem aws_lambda_ric: its error documents, its exits and its global names.

# frozen_string_literal: true

require 'json'
require 'logger'
require 'net/http' # Lambda's client has loaded it, and handlers rely on that
require 'stringio'

require_relative 'channel'
require_relative 'context'
require_relative 'environment'
require_relative 'errors'
require_relative 'handler'
require_relative 'logs'

module LambentRuntime
  INIT_FAILED = 252 # -4, as Lambda's client leaves
  CRITICAL = 255 # -1
  DUPLICATE_ABOVE = 1030 # F_DUPFD_CLOEXEC of Linux, which older versions of fcntl do not name
  SAMPLE = ['00000000-0000-0000-0000-000000000000', '', '0', 'arn', '', '', '', ''].freeze

  # From hello to the end.
  class Runner
    def initialize
      @channel = Channel.new(3)
      @telemetry = LambentRuntime.concealed(4)
    end

    def run
      LambentRuntime.rehearse
      @channel.send('H')
      kind, body = @channel.receive
      @channel.abandon unless kind == 'I'
      assignment = JSON.parse(body)
      handler = Environment.adopt(assignment['environment'], assignment['handler'], @channel, @telemetry)
      @logs = Logs.new(@telemetry)
      exit(serve(handler))
    end

    private

    # Returns the status to exit with.
    def serve(name)
      @handler = loaded(name)
      return INIT_FAILED unless @handler

      @channel.send('R')
      loop do
        kind, body = @channel.receive
        @channel.abandon unless kind == 'V'
        status = invoke(*LambentRuntime.parse_invoke(body))
        return status if status
      end
    end

    def loaded(name)
      handler = LambdaHandler.new(env_handler: name)
      require handler.handler_file_name
      handler
    rescue Exception => e # also LoadError, SyntaxError and SystemExit: whatever the function's code raises while it is loaded
      failure = LambdaErrors::LambdaRuntimeInitError.new(e)
      @logs.log_error(failure, 'Init error when loading handler ')
      @channel.send('X', LambentRuntime.error_type(failure), JSON.generate(failure.to_lambda_response))
      nil
    end

    # One invocation. Returns the status to exit with, nil to go on.
    def invoke(head, event)
      request_id = head[0]
      announce(request_id, head[4])
      request = AwsLambda::Marshaller.marshall_request(RawRequest.new(event))
      response, = @handler.call_handler(request: request, context: LambdaContext.new(head))
      @channel.respond(request_id, LambentRuntime.bytes_of(response))
      nil
    rescue LambdaErrors::LambdaHandlerError => e
      fail_invocation(request_id, e, 'Error raised from handler method')
    rescue LambdaErrors::LambdaHandlerCriticalException => e
      fail_invocation(request_id, e, 'Critical exception from handler')
      CRITICAL
    rescue StandardError => e # a request that cannot be parsed, or a context: Lambda's client takes these for failures to start
      fail_invocation(request_id, LambdaErrors::LambdaRuntimeInitError.new(e), 'Init error when loading handler ')
      INIT_FAILED
    end

    def announce(request_id, trace_id)
      $_global_aws_request_id = request_id
      trace_id.empty? ? ENV.delete('_X_AMZN_TRACE_ID') : ENV['_X_AMZN_TRACE_ID'] = trace_id
    end

    def fail_invocation(request_id, error, message)
      @logs.log_error(error, message)
      @channel.fail(request_id, LambentRuntime.error_type(error), JSON.generate(error.to_lambda_response))
      nil
    end
  end

  # What Lambda's client gives to a marshaller: the reply of the Runtime API.
  RawRequest = Struct.new(:body) do
    def [](name)
      name == 'Content-Type' ? 'application/json' : nil
    end
  end

  module_function

  # A descriptor moved out of the way, that no program started by the function inherits.
  def concealed(low)
    io = IO.for_fd(low, low == 3 ? 'r+b' : 'wb')
    high = io.fcntl(DUPLICATE_ABOVE, 60)
    io.close
    high
  end

  # The eight fields of an invoke frame's head, and the event's bytes.
  def parse_invoke(body)
    size = body.unpack1('N')
    head = body.byteslice(4, size).force_encoding(Encoding::UTF_8).split("\0", -1)
    [head, body.byteslice((4 + size)..).force_encoding(Encoding::UTF_8)]
  end

  def bytes_of(response)
    response.respond_to?(:read) ? response.read.to_s : response.to_s
  end

  def error_type(error)
    name = error.runtime_error_type.b.byteslice(0, 255)
    [name.bytesize].pack('C') + name
  end

  # Do once what a cold start does, for nothing: nobody waits for it now.
  def rehearse
    variables = JSON.parse(JSON.generate(ENV.to_h))
    ENV.update(variables)
    load_path = $LOAD_PATH.dup
    handler = LambdaHandler.new(env_handler: 'rehearsal.LambentRuntime::Rehearsal.handler')
    require_relative 'rehearsal'
    head, event = parse_invoke([4].pack('N') + "\0\0\0\0" + '{"key": "value"}')
    context = LambdaContext.new(SAMPLE)
    context.get_remaining_time_in_millis if head
    handler.call_handler(request: AwsLambda::Marshaller.marshall_request(RawRequest.new(event)), context: context)
    Logger.new(StringIO.new).info('rehearsal')
    $LOAD_PATH.replace(load_path)
  end
end

$stdout.sync = true
LambentRuntime::Runner.new.run if $PROGRAM_NAME == __FILE__
