"""The machine: the real code of two or three workers and of the command line, in any order, on a simulated clock.

    tape       every choice of a run, by a name: drawn from a seed, or only those that are to be kept (shrinking)
    threads    threads that are greenlets, and a clock: one of them runs at a time, and only the scheduler moves on
    seams      where product code meets the world (Redis, job folder, time, threads): each passing is a place to switch
    store      a real Valkey that can forget, be wiped or be away, on the simulated clock
    memo       what it said, until it says that somebody has written
    parts      what was read from the folder, until a file changes
    endpoint   Rekognition as a small counter with books of its own
    world      one run: workers, the person at the command line, faults
    invariants what must hold after each step and at the end
    shrink     a failing run made short
    mutations  faults put back into the product, which the machine must find

Rule: a run is its seed. Nothing here looks at the real clock, at threads or at random numbers of its own.
"""
