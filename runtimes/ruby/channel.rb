# The frame protocol's client end (docs/frame-protocol.md): u32be length, kind, body, over one Unix stream socket.

# frozen_string_literal: true

module LambentRuntime
  RESPONSE_BYTES_AT_MOST = 6 * 1024 * 1024 + 100
  TOO_LARGE_TYPE = 'Function.ResponseSizeTooLarge'
  TOO_LARGE = JSON.generate(
    'errorType' => TOO_LARGE_TYPE,
    'errorMessage' => "Response payload size exceeded maximum allowed payload size (#{RESPONSE_BYTES_AT_MOST} bytes)."
  )

  # The server speaks only when spoken to, so at most one frame is ever waiting. When it is gone, this process ends at once.
  class Channel
    def initialize(low)
      @io = IO.for_fd(LambentRuntime.concealed(low), 'r+b')
      @io.sync = true
      Channel.current = self
    end

    class << self
      attr_accessor :current
    end

    def descriptor
      @io.fileno
    end

    # In a fork: the channel is the parent's.
    def forget
      @io.close
    end

    # Kind and body of the next frame.
    def receive
      content = exactly(exactly(4).unpack1('N'))
      abandon if content.empty?
      [content.byteslice(0), content.byteslice(1..)]
    end

    def send(kind, *parts)
      body = parts.sum(''.b, &:b)
      write([1 + body.bytesize, kind].pack('Na') + body)
    end

    # The result of an invocation.
    def respond(request_id, result)
      return fail(request_id, [TOO_LARGE_TYPE.bytesize].pack('C') + TOO_LARGE_TYPE, TOO_LARGE) if result.bytesize > RESPONSE_BYTES_AT_MOST

      send('S', request_id, result)
    end

    # An error document; `type` has its length in front.
    def fail(request_id, type, document)
      type, document = [TOO_LARGE_TYPE.bytesize].pack('C') + TOO_LARGE_TYPE, TOO_LARGE if document.bytesize > RESPONSE_BYTES_AT_MOST
      send('E', request_id, type, document)
    end

    # Nobody is left to tell, not even the function's own exit blocks.
    def abandon
      exit!(0)
    end

    private

    def exactly(size)
      content = String.new(capacity: size, encoding: Encoding::BINARY)
      content << @io.readpartial(size - content.bytesize) while content.bytesize < size
      content
    rescue IOError, SystemCallError
      abandon
    end

    def write(frame)
      frame = frame.byteslice(@io.syswrite(frame)..) until frame.empty?
    rescue IOError, SystemCallError
      abandon
    end
  end

  # A fork of the function must not hold the channel: its copy would keep it open, and its reads would steal frames.
  module ForgetChannel
    def _fork
      process = super
      Channel.current&.forget if process.zero?
      process
    end
  end
  Process.singleton_class.prepend(ForgetChannel)
end
