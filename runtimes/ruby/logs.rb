# The log of a Ruby function: `puts` and Logger as records on the telemetry pipe, in Lambda's text or JSON form (aws_lambda_ric).

# frozen_string_literal: true

module LambentRuntime
  # Frames records: u32be type, u32be length, u64be microseconds, bytes.
  class TelemetryLogSink < Logger::LogDevice
    TEXT = 0xa55a0003
    JSON_RECORD = 0xa55a0002

    def initialize(descriptor, is_json) # rubocop:disable Lint/MissingSuper
      @file = IO.for_fd(descriptor, 'wb')
      @file.sync = true
      @kind = is_json ? JSON_RECORD : TEXT
    end

    def write(message, level: 0, kind: @kind)
      text = message.to_s
      micros = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
      record = [kind | (level << 2), text.bytesize, micros].pack('NNQ>') + text.b
      record = record.byteslice(@file.syswrite(record)..) until record.empty?
    end

    def reopen(_log = nil, **_options)
      self
    end

    def close; end
  end

  # Lambda's text form of a line.
  class TextFormatter < Logger::Formatter
    LINE = "%<letter>s, [%<time>s #%<process>d] %<severity>5s %<request>s -- %<program>s: %<message>s\n"

    def call(severity, time, program, message)
      format(LINE, letter: severity[0..0], time: format_datetime(time), process: Process.pid, severity: severity,
                   request: $_global_aws_request_id, program: program, message: LambdaErrors.text(msg2str(message)))
    end
  end

  # Lambda's JSON form.
  class JsonFormatter < Logger::Formatter
    TIME = '%Y-%m-%dT%H:%M:%S.%6NZ'

    def call(severity, time, program, message)
      document = { timestamp: time.utc.strftime(TIME), level: severity, message: shown(message), requestId: $_global_aws_request_id }
      document[:logger] = LambdaErrors.text(program) unless program.to_s.empty?
      document.update(described(message)) if message.is_a?(Exception)
      "#{JSON.generate(document.compact)}\n"
    end

    private

    def shown(message)
      LambdaErrors.text(message.is_a?(Exception) ? message.message : msg2str(message))
    end

    def described(error)
      trace = Array(error.backtrace).map { |line| LambdaErrors.text(line) }
      { errorType: error.class.to_s, errorMessage: LambdaErrors.text(error.message), stackTrace: trace, location: location(trace.first) }
    end

    def location(line)
      matched = line&.match(/\A(?<file>.+):(?<line>\d+):in [`'](?<method>.+)'\z/)
      matched ? "#{matched[:file]}:#{matched[:method]}:#{matched[:line]}" : line
    end
  end

  # Makes a Logger without a device of its own write to the telemetry pipe.
  module LoggerPatch
    class << self
      attr_accessor :sink, :formatter, :level
    end

    def initialize(device, *rotation, level: LoggerPatch.level, formatter: nil, **options)
      ours = device.nil? || device.equal?($stdout) || device.equal?($stderr)
      super(ours ? LoggerPatch.sink : device, *rotation, level: level, formatter: formatter, **options)
      @default_formatter = LoggerPatch.formatter.new if ours
    end
  end

  # The function's logging, set up by its environment variables.
  class Logs
    LEVELS = { 'TRACE' => 'debug', 'DEBUG' => 'debug', 'INFO' => 'info', 'WARN' => 'warn', 'ERROR' => 'error', 'FATAL' => 'fatal' }.freeze
    ERROR = 5 # in a record's type

    # Takes _LAMBDA_TELEMETRY_LOG_FD out of the environment; without it everything goes to standard output.
    def initialize(descriptor)
      framed = ENV.delete('_LAMBDA_TELEMETRY_LOG_FD')
      @is_json = ENV['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('JSON')
      return unless framed

      @sink = TelemetryLogSink.new(descriptor, @is_json)
      LoggerPatch.sink = @sink
      LoggerPatch.formatter = @is_json ? JsonFormatter : TextFormatter
      LoggerPatch.level = LEVELS.fetch(ENV['AWS_LAMBDA_LOG_LEVEL'].to_s.upcase, 'debug')
      Logger.prepend(LoggerPatch)
      replace_puts(@sink)
    end

    # A failure of the function: what it was, then its document.
    def log_error(error, message)
      document = error.to_lambda_response
      return write_json(document) if @is_json

      write("#{message}\n#{JSON.pretty_generate(document)}\n")
    end

    private

    def write_json(document)
      moment = Time.now.utc.strftime(JsonFormatter::TIME)
      write(JSON.generate({ timestamp: moment, level: 'ERROR', requestId: $_global_aws_request_id }.compact.merge(document)))
    end

    def write(text)
      @sink ? @sink.write(text, level: ERROR) : $stdout.write(text)
    end

    # One record for each call, so that its line breaks stay inside it. `$stdout.puts` is not this method and stays as it is.
    def replace_puts(sink)
      Kernel.module_eval do
        define_method(:puts) do |*arguments|
          sink.write(arguments.flatten.map { |each| LambdaErrors.text(each) }.join("\n"), kind: TelemetryLogSink::TEXT)
          nil
        end
        private :puts
        module_function :puts
      end
    end
  end
end
