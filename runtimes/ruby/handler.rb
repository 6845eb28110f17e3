# From a handler's name to its method, the call, and how events and results are turned into objects and back (aws_lambda_ric).

# frozen_string_literal: true

module AwsLambda
  # Functions may reopen this class, as with Lambda's own client: it turns requests into events and results into text.
  class Marshaller
    class << self
      def marshall_request(raw_request)
        raw_request['Content-Type'] == 'application/json' ? JSON.parse(raw_request.body) : raw_request.body
      end

      # The text of the response; of an IO, what is read from it.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO
          [method_response, 'application/unknown']
        else
          method_response.to_json
        end
      end
    end
  end
end

# `file.method` or `file.Class.method`.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    case parts.size
    when 2 then @handler_file_name, @handler_method_name = parts
    when 3 then @handler_file_name, @handler_class, @handler_method_name = parts
    else
      raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME " \
                           'corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace ' \
                           'and METHOD is a callable method. If using CLASS, METHOD must be a class-level method.'
    end
  end

  # Raises LambdaHandlerError, after which the process goes on, or LambdaHandlerCriticalException.
  def call_handler(request:, context:)
    options = { event: request, context: context }
    response =
      if @handler_class
        Kernel.const_get(@handler_class).send(@handler_method_name, **options)
      else
        __send__(@handler_method_name, **options)
      end
    AwsLambda::Marshaller.marshall_response(response)
  rescue NameError => e # also NoMethodError
    raise LambdaErrors::LambdaHandlerCriticalException, e
  rescue StandardError => e
    raise LambdaErrors::LambdaHandlerError, e
  rescue Exception => e
    raise LambdaErrors::LambdaHandlerCriticalException, e
  end
end
