"""Small adapters for what people train with; each module imports its library.

- `lightning_callback`: a callback for Lightning's trainer.
- `transformers_callback`: a callback for the trainer of transformers.
- `accelerate_policy`: an `Accelerator` under the policy.
- `fleet`: the policy on every worker of Ray or Dask, and their reports at the driver.
- `hydra_policy`: the policy as a part of a Hydra configuration.
- `trackers`: the report in TensorBoard, MLflow and Weights & Biases.
"""
