"""Which names in a package of torch are modules that importing the package does not load."""

from __future__ import annotations

_BY_PACKAGE = {
    "torch": (
        "_appdirs _lazy _numpy _python_dispatcher _size_docs _storage_docs _streambase "
        "_tensor_docs _thread_safe_fork _torch_docs contrib nativert numa"
    ),
    "torch._decomp": "decompositions_for_jvp decompositions_for_rng",
    "torch._dynamo": (
        "dce_extra_outputs debug_utils precompile_context profiler repro tensor_version_op"
    ),
    "torch._export": (
        "converter db error non_strict_utils pass_base pass_infra passes serde tools"
    ),
    "torch._functorch": (
        "_activation_checkpointing _activation_offloading aot_autograd benchmark_utils "
        "compile_utils compilers config deprecated fx_minifier make_functional "
        "partitioners python_key pytree_hacks top_operators_github_usage"
    ),
    "torch._higher_order_ops": (
        "cudagraph_conditional_nodes passes register_hook triton_kernel_wrap"
    ),
    "torch._inductor": (
        "analyze_preserves_zero_mask aoti_eager async_compile augmented_graph_helper "
        "autoheuristic autotune_process await_utils bounds cache cache_key choices "
        "codecache codegen comm_analysis comm_lowering comms comms_debug compile_fx "
        "compile_fx_async compile_fx_ext compile_fx_subproc compile_worker "
        "compiler_bisector config_comms constant_folding cudagraph_trees debug "
        "decomposition dependencies distributed_autotune dtype_propagation "
        "extern_node_serializer freezing freezing_utils fuzzer fx_passes fx_utils graph "
        "hooks index_propagation inductor_prims invert_expr_analysis ir "
        "jagged_lowerings kernel kernel_inputs kernel_template_choice lookup_table "
        "loop_body lowering memory metrics mkldnn_ir mkldnn_lowerings mock_cache "
        "ops_handler optimize_indexing output_code package pattern_matcher "
        "quantized_lowerings remote_cache remote_gemm_autotune_cache "
        "rocm_multiarch_utils scheduler select_algorithm shape_propagation sizevars "
        "stream_constants stream_utils subgraph_lowering template_heuristics "
        "tiling_utils triton_bundler virtualized wrapper_benchmark"
    ),
    "torch._lazy": (
        "computation config debug extract_compiled_graph ir_cache metrics "
        "tensor_factory_functions ts_backend"
    ),
    "torch._library": "_out_variant",
    "torch._logging": "scribe",
    "torch._prims": "context executor",
    "torch._subclasses": "complex_tensor schema_check_mode",
    "torch._vendor": "quack",
    "torch.ao.ns": "fx",
    "torch.ao.ns.fx": (
        "graph_matcher graph_passes mappings n_shadows_utils ns_types pattern_utils "
        "qconfig_multi_mapping utils weight_utils"
    ),
    "torch.ao.quantization": "backend_config fx quantize_fx",
    "torch.ao.quantization.backend_config": "utils x86",
    "torch.ao.quantization.fx": "lower_to_qnnpack lstm_utils tracer",
    "torch.autograd": "_functions",
    "torch.backends": "_coreml _nnapi xeon xnnpack",
    "torch.backends.xeon": "run_cpu",
    "torch.contrib": "_tensorboard_vis",
    "torch.cuda": (
        "_annotate_cuda_graph_trace _gpu_trace _graph_annotations _pin_memory_utils _sanitizer comm"
    ),
    "torch.distributed": (
        "_checkpointable _composable _composable_state _dist2 _functional_collectives "
        "_functional_collectives_impl _local_tensor _ops _serialization _shard "
        "_sharded_tensor _sharding_spec _state_dict_utils _symmetric_memory _tensor "
        "_tools argparse_util checkpoint collective_utils debug elastic flight_recorder "
        "fsdp launch launcher nn optim pipelining run tensor"
    ),
    "torch.distributed.algorithms": "ddp_comm_hooks model_averaging",
    "torch.distributed.algorithms.ddp_comm_hooks": (
        "ddp_zero_hook mixed_precision_hooks post_localSGD_hook"
    ),
    "torch.distributed.algorithms.model_averaging": "averagers hierarchical_model_averager utils",
    "torch.distributed.checkpoint": "format_utils state_dict",
    "torch.distributed.elastic": (
        "agent control_plane events metrics multiprocessing rendezvous timer utils"
    ),
    "torch.distributed.elastic.agent": "server",
    "torch.distributed.elastic.rendezvous": (
        "c10d_rendezvous_backend etcd_rendezvous etcd_rendezvous_backend etcd_server "
        "etcd_store static_tcp_rendezvous"
    ),
    "torch.distributed.elastic.utils": "data distributed log_level logging process_state store",
    "torch.distributed.flight_recorder": "components fr_trace",
    "torch.distributed.flight_recorder.components": (
        "builder config_manager fr_logger loader types utils"
    ),
    "torch.distributed.fsdp": "sharded_grad_scaler",
    "torch.distributed.rpc": "rref_proxy",
    "torch.distributed.tensor": "debug experimental parallel",
    "torch.distributed.tensor.parallel": "ddp fsdp input_reshard",
    "torch.export": (
        "_draft_export _leakage_detection_utils _patches "
        "_remove_auto_functionalized_pass _safeguard _swap _trace _unlift "
        "_wrapper_utils custom_obj experimental passes pt2_archive"
    ),
    "torch.func": "_random",
    "torch.fx": "_graph_pickler annotate",
    "torch.fx.experimental": (
        "accelerator_partitioner debug dynamic_spec graph_gradual_typechecker "
        "merge_matmul meta_tracer migrate_gradual_types normalize optimization "
        "partitioner_utils recording refinement_types rewriter schema_type_annotation "
        "symbolic_shapes unify_refinements validator"
    ),
    "torch.fx.experimental.migrate_gradual_types": (
        "constraint constraint_generator constraint_transformation operation "
        "transform_to_z3 util z3_types"
    ),
    "torch.fx.experimental.unification": "match",
    "torch.fx.passes": (
        "annotate_getitem_nodes backends dialect fake_tensor_prop "
        "graph_transform_observer pass_manager regional_inductor_invoke_subgraph"
    ),
    "torch.fx.passes.backends": "cudagraphs",
    "torch.fx.passes.dialect": "common",
    "torch.fx.passes.dialect.common": "cse_pass",
    "torch.fx.passes.infra": "partitioner",
    "torch.fx.passes.utils": "fuser_utils matcher_with_name_node_map_utils source_matcher_utils",
    "torch.jit": (
        "_decompositions _logging _passes _pickle _shape_functions generate_bytecode "
        "mobile quantized supported_ops unsupported_tensor_ops"
    ),
    "torch.multiprocessing": "pool queue",
    "torch.nativert": "backends",
    "torch.nn": "backends cpp",
    "torch.nn.attention": "bias experimental flex_attention varlen",
    "torch.nn.backends": "thnn",
    "torch.nn.modules": "linear_cross_entropy",
    "torch.nn.quantizable.modules": "activation rnn",
    "torch.nn.utils": "prune",
    "torch.numa": "binding",
    "torch.onnx": (
        "_flags operators symbolic_opset11 symbolic_opset12 symbolic_opset13 "
        "symbolic_opset14 symbolic_opset15 symbolic_opset16 symbolic_opset17 "
        "symbolic_opset18 symbolic_opset19 symbolic_opset20 symbolic_opset7 "
        "symbolic_opset8 verification"
    ),
    "torch.optim": (
        "_multi_tensor adadelta adagrad adam adamax adamw asgd lbfgs nadam optimizer "
        "radam rmsprop rprop sgd sparse_adam"
    ),
    "torch.package": "_mock",
    "torch.profiler": (
        "_chrome_trace_export _cupti_monitor _cupti_monitor_trace _pattern_matcher "
        "_trace_validator python_tracer"
    ),
    "torch.quantization": (
        "_numeric_suite _numeric_suite_fx _quantized_conversions fx quantize_fx utils"
    ),
    "torch.quantization.fx": (
        "fusion_patterns graph_module match_utils pattern_utils quantization_patterns "
        "quantization_types utils"
    ),
    "torch.sparse": "_triton_ops _triton_ops_meta",
    "torch.utils": (
        "_cpp_embed_headers _cpp_extension_versioner _cuda_debug _cxx_pytree _device "
        "_filelock _functools _get_clean_triton _helion _pallas _runtime_estimation "
        "_strobelight _sympy _triton _zip benchmark bundled_inputs cpp_extension "
        "debug_log file_baton flop_counter hipify jit mkldnn mobile_optimizer "
        "model_dump model_zoo module_tracker serialization show_pickle tensorboard viz"
    ),
    "torch.utils.benchmark": "op_fuzzers",
    "torch.utils.benchmark.op_fuzzers": "binary sparse_binary sparse_unary spectral unary",
    "torch.utils.benchmark.utils": "compile",
    "torch.utils.data": "backward_compatibility",
    "torch.utils.data.datapipes": "gen_pyi",
    "torch.utils.data.datapipes.utils": "snapshot",
    "torch.utils.hipify": "constants cuda_to_hip_mappings hipify_python",
    "torch.utils.jit": "log_extract",
    "torch.xpu": "_gpu_trace",
}

LOADED_BY_IMPORT_ALONE = frozenset(
    f"{package}.{name}" for package, names in _BY_PACKAGE.items() for name in names.split()
)
"""After ``import package`` none of these is an attribute of its package; only an import of its own
loads it. Found by importing each package of torch 2.13 in a fresh process; of the private modules
those directly in a package of torch."""
