"""Stored-video jobs: started once by their token, open in a slot, answered in pages for seven days.

Rule: nothing here looks at a film. A `Watcher` of the engine does, and ends a job through `JobStore.finish`.
"""
