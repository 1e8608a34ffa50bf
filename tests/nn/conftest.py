import warnings

# torch_geometric still calls torch.jit.script at import, which torch 2.13 announces to remove.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric.nn  # noqa: F401 - imported for its warning alone
