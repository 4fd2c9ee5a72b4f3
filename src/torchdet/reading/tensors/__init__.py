"""What is a tensor, or a module, in one file.

`tensor_confidence` says how sure it is that an expression is a tensor, `inferred_value` what else
it is. `is_module_class` tells the classes that are ``torch.nn`` modules.
"""
