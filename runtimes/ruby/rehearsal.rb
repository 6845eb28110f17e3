# What the rehearsal of a cold start runs (bootstrap.rb).

# frozen_string_literal: true

module LambentRuntime
  module Rehearsal
    def self.handler(event:, context:)
      { 'event' => event, 'request' => context.aws_request_id }
    end
  end
end
