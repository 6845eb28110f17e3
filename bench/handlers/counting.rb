# Says how many invocations this environment has had: a new environment answers `call: 1`.
$calls = 0

def handler(event:, context:)
  { n: event['n'], call: $calls += 1 }
end
