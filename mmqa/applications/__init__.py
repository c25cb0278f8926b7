"""What can be built on top of the stages: each application is a folder of its own.

An application judges what flows pass in; no stage and no other application knows it.
"""
