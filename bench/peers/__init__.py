"""The other tools: installed on demand into bench/.peers at pinned versions, started for a measurement, and stopped."""
