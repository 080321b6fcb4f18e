"""A model as a server would load it: in a fresh process, asked for what is known before.

TFX's InfraValidator starts a server in Docker or Kubernetes, from an image that not everyone has,
and looks whether it answers at all. Here no server is needed, and the answers are looked at.

fresh_process_infra_validator.py  the step, and the test images that it chooses
golden_requests.py                requests whose outcome is known: formats, odd sizes, batches
probe.py                          the fresh process, which knows TensorFlow and nothing of ours
probe_process.py                  starts it, and reads its answers
answer_checks.py                  answers -> what is wrong with them
"""
