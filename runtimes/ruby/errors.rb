# How failures of a Ruby function look to its caller, as Lambda's own client writes them (aws_lambda_ric, lambda_errors.rb).

# frozen_string_literal: true

module LambdaErrors
  FRAMES_AT_MOST = 100
  NAMED = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze
  OURS = "#{File.dirname(File.expand_path(__FILE__))}/"

  # An error of the function's, as document and as type.
  class LambdaError < StandardError
    def initialize(original_error, classification = 'Function')
      @error_class = original_error.class.to_s
      @error_type = "#{classification}<#{@error_class}>"
      @error_message = LambdaErrors.text(original_error.message)
      @stack_trace = LambdaErrors.stack_trace(original_error)
      super(@error_message)
    end

    # What the platform is told: only well-known classes by name.
    def runtime_error_type
      NAMED.include?(@error_class) ? @error_type : 'Function<UserException>'
    end

    def to_lambda_response
      { errorMessage: @error_message, errorType: @error_type, stackTrace: @stack_trace }
    end
  end

  # The function raised, and the next invocation finds the same process.
  class LambdaHandlerError < LambdaError
  end

  # The function raised what ends the process: a missing method or name, or what is no StandardError.
  class LambdaHandlerCriticalException < LambdaError
  end

  # The function could not be loaded.
  class LambdaRuntimeInitError < LambdaError
    def initialize(original_error)
      super(original_error, 'Init')
    end
  end

  module_function

  # The frames of the function and of what it calls; not ours below them.
  def stack_trace(error)
    frames = (error.backtrace_locations || []).first(FRAMES_AT_MOST).map { |location| text(location.to_s) }
    frames.take_while { |frame| !frame.start_with?(OURS) }
  end

  # Any string as JSON takes it.
  def text(value)
    value.to_s.dup.force_encoding(Encoding::UTF_8).scrub
  end
end
