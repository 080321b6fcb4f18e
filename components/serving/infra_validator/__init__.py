"""A model as a server would load it: in a fresh process, asked for what is known before.

TFX's InfraValidator starts a server in Docker or Kubernetes, from an image that not everyone has,
and looks whether it responds at all. Here no server is needed, and the responses are looked at.

fresh_process_infra_validator.py  the step, and the test images that it chooses
golden_requests.py                requests whose outcome is known: formats, odd sizes, batches
probe.py                          the fresh process, which knows TensorFlow and nothing of ours
probe_process.py                  starts it, and reads its responses
response_checks.py                responses -> what is wrong with them
"""
